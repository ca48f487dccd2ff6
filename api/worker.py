"""One web worker: `python -m api.worker CONFIG LISTENING CHANNEL ORDERS LEVEL`, as `api.workers` starts it.

Both sockets are inherited; ORDERS is 1 where the node's writer orders the log; LEVEL is the log level.
"""

import logging
import socket
import sys
from pathlib import Path

from api import request_ids
from api.app import create_app
from api.options import Options
from api.server import keep_signals, serve_app
from node import logformat
from node.bootstrap import Surroundings
from node.clocks import SystemClock
from node.settings import load_settings
from node.web.channel import WriterEnd
from node.web.worker import WorkerNode


def main(config: str, listening: str, channel: str, orders: str, level: str) -> int:
    """Answer HTTP until SIGTERM, SIGINT or the writer's end; return the exit code."""
    keep_signals()
    logging.basicConfig(level=int(level), format=logformat.LINE, stream=sys.stderr)
    writer = WriterEnd(socket.socket(fileno=int(channel)))
    settings, around = load_settings(Path(config)), Surroundings(clock=SystemClock())
    logformat.use(settings.log_format, request_ids.current.get)
    with (
        socket.socket(fileno=int(listening)) as shared,
        WorkerNode(settings, writer, around, orders=orders == "1") as node,
    ):
        has_begun = serve_app(create_app(node.service, Options.of(settings)), shared, writer.has_ended.is_set)
    return 0 if has_begun else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
