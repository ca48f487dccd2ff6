"""Running one party's node: HTTP from its own process or from web workers, then the node's own end."""

import logging
import socket
import threading
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

from api import request_ids
from api.app import create_app
from api.options import Options
from api.server import keep_signals, serve_app
from api.workers import Workers
from node import logformat
from node.apart import ApartNode
from node.settings import NodeSettings, load_settings

_BACKLOG: Final = 2_048
_TEND_S: Final = 0.2

_log = logging.getLogger(__name__)


def serve(config: Path) -> int:
    """Run the node that a file describes until SIGTERM or SIGINT; return the exit code.

    What was taken is finished. Where a vote makes something else of the party, the node is put together anew
    in this process, behind the same socket. 1 when the node stopped by a fault of its own: whoever keeps it
    running starts it anew.
    """
    settings = load_settings(config)
    logformat.use(settings.log_format, request_ids.current.get)
    stopping, keys = keep_signals(), None
    with ExitStack() as opened:
        listening = None
        while True:
            with ApartNode(settings, keys=keys, reload=partial(load_settings, config)) as node:
                # Nobody is kept waiting at a node that does not start; later ones find the socket there.
                listening = listening or opened.enter_context(_listen(settings))
                has_begun = _answer(node, settings, config, listening, stopping)
                # Whether it is displaced may be another thing by now: its last answers took their time.
                if stopping.is_set() or not has_begun or not node.service.is_running:
                    opened.close()
                    return _code(node, has_begun=has_begun)
                _log.warning("the document in force gives this party another place; the node starts anew")
            settings, keys = load_settings(config), node.keys


def _code(node: ApartNode, *, has_begun: bool) -> int:
    if not node.service.is_running:
        _log.error("the node has stopped")
    return 0 if node.service.is_running and has_begun else 1


def _listen(settings: NodeSettings) -> socket.socket:
    host, port = settings.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Connections inherit it. asyncio sets it on sockets that it has made itself; without it an answer's body
    # waits 40 ms for its headers to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _answer(
    node: ApartNode, settings: NodeSettings, config: Path, listening: socket.socket, stopping: threading.Event
) -> bool:
    """Answer HTTP as long as the node lives, keeps its place and nobody stops it.

    Returns whether that ever began.
    """

    def has_ended() -> bool:
        return stopping.is_set() or not node.service.is_running or node.is_displaced

    if not settings.web_workers:
        # uvicorn closes what it is given; whoever connects meanwhile waits in the socket's queue.
        return serve_app(create_app(node.service, Options.of(settings)), listening.dup(), has_ended)
    workers = Workers(config, listening, node.workers_doors, count=settings.web_workers, orders=node.orders)
    with closing(workers):
        while not has_ended():
            workers.tend()
            stopping.wait(_TEND_S)
    return True
