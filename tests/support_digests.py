"""An engine that reaches a registry: it says the digest of every image, but ours, which no registry has."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

DIGEST = "sha256:" + "ab" * 32
_ASKED = re.compile(r"/distribution/(.+)/json")


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer({}, 200)

    def do_GET(self) -> None:
        asked = _ASKED.search(self.path)
        if asked is None:
            self._answer({}, 200)
        elif "hanse" in asked[1]:
            self._answer({"message": "denied"}, 403)
        else:
            self._answer({"Descriptor": {"mediaType": "", "digest": DIGEST, "size": 1}, "Platforms": []}, 200)

    def _answer(self, content: dict[str, object], status: int) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in (("Api-Version", "1.44"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Run one; give its address as DOCKER_HOST has it."""
    with ThreadingUnixStreamServer(str(folder / "engine.sock"), _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"unix://{folder / 'engine.sock'}"
        finally:
            server.shutdown()
