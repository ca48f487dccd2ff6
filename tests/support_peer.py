"""A node on a socket that answers as a test says, and signs what it answers as a party does."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support_consortium import BIRCH, CONSORTIUM, statement_key

from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.clocks import SystemClock
from node.links.replies import ReplySigner
from node.links.rfc9421 import SignedRequest

TYPE = "application/cose"


class Peer:
    """A party's node: `answer` gives (status, media type, body) for each request, by its number."""

    def __init__(self, party: PartyId = BIRCH, key: SigningKey | None = None) -> None:
        self.sign_as(party, key or statement_key(party))
        self.more: dict[str, str] = {}
        """Header fields that come with every answer."""
        self.answer: Callable[[int], tuple[int, str, bytes]] = lambda _count: (200, TYPE, b"fine")
        self.signatures: list[str | None] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                peer.signatures.append(self.headers.get("signature"))
                status, media_type, body = peer.answer(len(peer.signatures))
                self.send_response(status)
                self.send_header("content-type", media_type)
                self.send_header("content-length", str(len(body)))
                signed = peer.sign(self, status, media_type, body)
                for name, value in {**signed, **peer.more}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # the caller has given up
                    self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def sign_as(self, party: PartyId, key: SigningKey) -> None:
        """Sign what is answered from now on as this party, with this key."""
        self.signer = ReplySigner(consortium=CONSORTIUM, party=party, key=lambda: key, clock=SystemClock())

    def sign(
        self, request: BaseHTTPRequestHandler, status: int, media_type: str, body: bytes
    ) -> Mapping[str, str]:
        if "signature" not in request.headers:
            return {}
        asked = SignedRequest(
            method=request.command,
            url=self.url + request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        return self.signer.headers(asked, status=status, media_type=media_type, body=body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
