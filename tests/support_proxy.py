"""Somebody on the way: takes a steward's requests, passes them on, and does to replies what a test says."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Seen:
    """One message as it passed: a request has a path, a reply a status."""

    headers: dict[str, str]
    body: bytes
    path: str = ""
    status: int = 0


class Proxy:
    """Stands before a server on loopback; `meddle` gives another reply for each honest one."""

    def __init__(self, port: int) -> None:
        self.requests: list[Seen] = []
        self.replies: list[Seen] = []
        self.meddle: Callable[[Seen, Seen], Seen] = lambda _request, reply: reply
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Seen(headers, body, path=self.path)
                reply = proxy.meddle(request, proxy.pass_on(request, port))
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def pass_on(self, request: Seen, port: int) -> Seen:
        """Send a request to a server as it is; return its reply."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", request.path, request.body, request.headers)
        answer = connection.getresponse()
        headers = {
            name.lower(): value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP
        }
        reply = Seen(headers, answer.read(), status=answer.status)
        connection.close()
        self.requests.append(request)
        self.replies.append(reply)
        return reply

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
