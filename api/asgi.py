"""Running one party's node: HTTP from its own process or from web workers, then the node's own end."""

import logging
import signal
import socket
import threading
from contextlib import closing
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

    What was taken is finished. 1 when the node stopped by a fault of its own: whoever keeps it running starts
    it anew.
    """
    settings = load_settings(config)
    logformat.use(settings.log_format, request_ids.current.get)
    keep_signals()
    with ApartNode(settings) as node:
        with _listen(settings) as listening:
            has_begun = _answer(node, settings, config, listening)
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


def _answer(node: ApartNode, settings: NodeSettings, config: Path, listening: socket.socket) -> bool:
    """Answer HTTP as long as the node lives and nobody stops it; return whether that ever began."""
    if not settings.web_workers:
        return serve_app(
            create_app(node.service, Options.of(settings)), listening, lambda: not node.service.is_running
        )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    workers = Workers(config, listening, node.workers_doors, count=settings.web_workers, orders=node.orders)
    with closing(workers):
        while node.service.is_running and not stopping.wait(_TEND_S):
            workers.tend()
    return True
