"""The HTTP server of one process: uvicorn until it is told to stop, or what it serves has ended."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

_GRACE_S: Final = 10
_WATCH_S: Final = 0.5
_IDLE_S: Final = 75


def keep_signals() -> threading.Event:
    """Let SIGTERM and SIGINT end nothing by themselves; the event is set once one has come.

    uvicorn sends itself once more what ended it: then there is still something to close.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping


def serve_app(app: FastAPI, listening: socket.socket, has_ended: Callable[[], bool]) -> bool:
    """Answer requests until SIGTERM or SIGINT, or until `has_ended`; return whether it ever began."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_run(server, listening, has_ended))
    return server.started


async def _run(server: uvicorn.Server, listening: socket.socket, has_ended: Callable[[], bool]) -> None:
    watching = asyncio.create_task(_watch(server, has_ended))
    await server.serve(sockets=[listening])
    watching.cancel()


async def _watch(server: uvicorn.Server, has_ended: Callable[[], bool]) -> None:
    while not has_ended():  # noqa: ASYNC110 - what ends sets no event of this loop
        await asyncio.sleep(_WATCH_S)
    server.should_exit = True
