"""What a node listens on: its answers leave at once, header and body alike."""

import socket
from pathlib import Path

from api.asgi import _listen
from node.settings import NodeSettings


def test_connections_do_not_wait_for_acknowledgements() -> None:
    here = Path()
    settings = NodeSettings(party="alder", consortium=here, genesis=here, folder=here, listen="127.0.0.1:0")
    with _listen(settings) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
