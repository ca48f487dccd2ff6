"""A fake over real sockets: http.server on loopback, one thread a connection, one request at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

Respond = Callable[[httpx.Request], httpx.Response]

_HOST: Final = "127.0.0.1"


@contextmanager
def serve(respond: Respond) -> Iterator[str]:
    """Serve until left; gives the base URL."""
    server = ThreadingHTTPServer((_HOST, 0), _handler(respond))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            """Write nothing: a test's output is its own."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            url = f"http://{_HOST}{self.path}"
            try:
                with lock:
                    request = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
                    response = respond(request)
            except httpx.TransportError:
                self.close_connection = True
                return
            self._write(response)

        def _write(self, response: httpx.Response) -> None:
            content = response.read()
            headers = {"content-length": str(len(content)), **response.headers}
            self.send_response(response.status_code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            # A length that a test has set too high is a body that ends too early.
            self.close_connection |= headers["content-length"] != str(len(content))

    return Handler
