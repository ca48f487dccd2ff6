"""Real servers on loopback that take e-mails and webhooks, and keep what they took."""

import ssl
import threading
from asyncio import Server
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from node.risk.delivery.secrets import new_secret_file


@dataclass
class Mails:
    """What a mail server took; `refuse` may answer a recipient otherwise, `parting` is its last word."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    refuse: Callable[[str], str | None] = lambda _address: None
    parting: str = "221 Bye"

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        refusal = self.refuse(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session, envelope
        return self.parting

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server
        message = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.secure.append(session.ssl is not None)
        return "250 OK"


class _AnyPort(Controller):
    """aiosmtpd's own first connection goes to the port that was asked for, and 0 is none."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(
    *, tls: ssl.SSLContext | None = None, at_once: bool = False, login: tuple[str, str] | None = None
) -> Iterator[Mails]:
    """Run a mail server: in the clear, with STARTTLS that it insists on, or under TLS `at_once`."""
    mails = Mails()

    def check(_server: object, _session: object, _envelope: object, _how: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        assert login is not None
        is_right = (said.login.decode(), said.password.decode()) == login
        return AuthResult(success=is_right, handled=is_right)

    options: dict[str, Any] = {
        "tls_context": None if at_once else tls,
        "require_starttls": bool(tls) and not at_once,
    }
    if login is not None:
        options |= {"authenticator": check, "auth_required": True}
    controller = _AnyPort(mails, "127.0.0.1", 0, ssl_context=tls if at_once else None, **options)
    controller.start()
    try:
        mails.port = controller.port
        yield mails
    finally:
        controller.stop()


@dataclass
class Hooks:
    """What a webhook's server took. `statuses` are given to the first requests, then 204."""

    url: str = ""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: Sequence[tuple[str, str]] = ()

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.taken]


@contextmanager
def hook_server(tls: ssl.SSLContext | None = None) -> Iterator[Hooks]:
    hooks = Hooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hooks.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(hooks.statuses.pop(0) if hooks.statuses else 204)
            for name, value in hooks.headers:
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    hooks.url = f"http{'s' if tls else ''}://localhost:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hooks
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def secret_file(folder: Path, name: str = "secret") -> tuple[Path, str]:
    """Return a file with a new secret, and the secret."""
    folder.chmod(0o700)
    path = folder / name
    return path, new_secret_file(path, lambda size: bytes(range(size)))
