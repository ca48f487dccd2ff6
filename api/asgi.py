"""Running one party's node: uvicorn until it is told to stop, then the node's own end."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Final

import uvicorn

from api import request_ids
from api.app import create_app
from api.options import Options
from node import logformat
from node.apart import ApartNode
from node.service import NodeService
from node.settings import load_settings

_GRACE_S: Final = 10
_WATCH_S: Final = 0.5
_IDLE_S: Final = 75

_log = logging.getLogger(__name__)


def serve(config: Path) -> int:
    """Run the node that a file describes until SIGTERM or SIGINT; return the exit code.

    What was taken is finished. 1 when the node stopped by a fault of its own.
    """
    settings = load_settings(config)
    logformat.use(settings.log_format, request_ids.current.get)
    host, port = settings.address
    # uvicorn sends itself once more what ended it: then the node has still to be closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    with ApartNode(settings) as node:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(node.service, Options.of(settings)),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        asyncio.run(_run(server, node.service))
        return 0 if node.service.is_running and server.started else 1


async def _run(server: uvicorn.Server, service: NodeService) -> None:
    watching = asyncio.create_task(_watch(server, service))
    await server.serve()
    watching.cancel()


async def _watch(server: uvicorn.Server, service: NodeService) -> None:
    """End the process of a node that has stopped: whoever keeps it running starts it anew."""
    while service.is_running:  # noqa: ASYNC110 - a thread's end sets no event of this loop
        await asyncio.sleep(_WATCH_S)
    _log.error("the node has stopped")
    server.should_exit = True
