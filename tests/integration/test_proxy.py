"""The proxy, run by Caddy from our configuration: TLS before nodes, and nothing that signatures notice."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_client import PURPOSE, SHARED, Place, real_place
from support_compose import ROOT, project
from support_consortium import ALDER, DESK, canonical, document, statement_key
from support_founding import hanse
from support_http import Served, replies_of, signer_of
from support_net import free_ports, wait_until
from support_node import OneThread

from api.limits import Rate
from api.options import Options
from hanse_client import Hanse
from hanse_ledger.consortium import parse_document
from node.errors import ReplySignatureError, SettingsError
from node.links.http import HttpCaller
from node.links.steward import BYTES
from node.links.transport import trusted_roots
from node.service import Doors

DOMAIN = "hanse.example"
CONSORTIUM = parse_document(canonical(document()))
CADDYFILE = ROOT / "deploy" / "caddy" / "Caddyfile"


def adapted(tls: str) -> dict[str, Any]:
    """The Caddyfile as Caddy understands it."""
    if shutil.which("caddy") is None:
        pytest.skip("Caddy is not installed: make setup-full")
    environment = {"HANSE_DOMAIN": DOMAIN, "HANSE_TLS": tls, "HANSE_TLS_EMAIL": "admin@hanse.example"}
    ended = subprocess.run(
        ["caddy", "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "WARN" not in ended.stderr, ended.stderr
    read: dict[str, Any] = json.loads(ended.stdout)
    return read


class Proxied:
    """A desk's node that is reached over TLS at `url`, and the authority that its callers trust.

    Beside it a member's, at `member_url`.
    """

    def __init__(self, folder: Path, served: Served, echoed: list[bytes], member: Place) -> None:
        self.echoed, self.member = echoed, member
        self.plain, self.port, health = free_ports(3)
        config = json.dumps(adapted("internal"))
        for there, here in {
            f"{DESK}:8080": f"127.0.0.1:{served.port}",
            "steward-1:8080": f"127.0.0.1:{served.port}",
            f"{ALDER}:8080": member.url.removeprefix("http://"),
            ":443": f":{self.port}",
            ":80": f":{self.plain}",
            "127.0.0.1:8081": f"127.0.0.1:{health}",
        }.items():
            config = config.replace(f'"{there}"', f'"{here}"')
        whole = json.loads(config)
        whole["apps"]["http"] |= {"http_port": self.plain, "https_port": self.port}
        (folder / "caddy.json").write_text(json.dumps(whole))
        self.url = served.url = f"https://{DESK}.{DOMAIN}:{self.port}"
        self.member_url = f"https://{ALDER}.{DOMAIN}:{self.port}"
        self.health = f"http://127.0.0.1:{health}/healthz"
        self.authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        command = ["caddy", "run", "--config", str(folder / "caddy.json")]
        environment = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
        with (folder / "caddy.log").open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)

    def client(self, address: str = "127.0.0.1") -> httpx.Client:
        transport = httpx.HTTPTransport(verify=trusted_roots(), local_address=address)
        return httpx.Client(transport=transport, base_url=self.url)

    def post(self, url: str, body: bytes) -> bytes:
        """Bring a steward something as another party does."""
        caller = HttpCaller(
            base_url=url,
            signer=signer_of(CONSORTIUM, ALDER, statement_key(ALDER)),
            replies=replies_of(CONSORTIUM, DESK),
            entropy=bytes,
        )
        with closing(caller):
            return caller.post("/v1/shares", body, BYTES, is_signed=True, reply_type=BYTES)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder, echoed = tmp_path_factory.mktemp("proxy"), list[bytes]()

    def handle(_caller: str, _verb: str, body: bytes) -> bytes:
        echoed.append(body)
        return body

    environment = project("solo")["services"]["desk"]["environment"]
    with pytest.MonkeyPatch.context() as patched, real_place(folder / "member") as member:
        patched.setenv("FORWARDED_ALLOW_IPS", environment["FORWARDED_ALLOW_IPS"])
        host, served = OneThread(), Served()
        host.start(DESK, lambda: (handle, lambda: None))
        slow = Options(open_metrics=True, per_address=Rate(per_s=0.001, burst=2))
        served.start(DESK, CONSORTIUM, Doors(node=host.door(DESK)), options=slow)
        made = Proxied(folder, served, echoed, member)
        try:
            wait_until(lambda: answers(made.health) and made.authority.exists(), "Caddy is up")
            patched.setenv("SSL_CERT_FILE", str(made.authority))
            patched.setattr(socket, "getaddrinfo", to_loopback(socket.getaddrinfo))
            trusted_roots.cache_clear()
            yield made
        finally:
            made.process.terminate()
            made.process.wait(30)
            served.close()
            host.close()
            trusted_roots.cache_clear()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def to_loopback(real: Callable[..., Any]) -> Callable[..., Any]:
    """Look up the consortium's names as the compose file's networks answer them: the proxy."""

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        return real("127.0.0.1" if name.endswith(DOMAIN) else host, *rest, **more)

    return look_up


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_signed_requests_and_replies_hold_through_the_proxy(proxied: Proxied, size: int) -> None:
    body = bytes(size)
    assert proxied.post(proxied.url, body) == body
    assert proxied.echoed[-1] == body


def test_a_signature_for_another_address_does_not_hold(proxied: Proxied) -> None:
    # Another of the proxy's names leads to the same node here, but what is signed names that address.
    with pytest.raises(ReplySignatureError):
        proxied.post(proxied.url.replace(DESK, "steward-1"), b"x")


def test_people_ask_their_node_through_the_proxy(proxied: Proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    place = proxied.member
    with Hanse(
        proxied.member_url, api_key=place.api_key, trust=place.trust, surroundings=place.surroundings
    ) as client:
        by_client = client.check(SHARED, purpose=PURPOSE)
    monkeypatch.setenv("HANSE_API_KEY", place.api_key)
    by_command = hanse("inquire", SHARED, "--purpose", PURPOSE, "--url", proxied.member_url, "--json")
    assert by_command.code == 0, by_command.err
    (answer,) = by_command.document
    assert answer["status"] == by_client.status == "checked"
    assert [window["months"] for window in answer["windows"]] == [
        list(window.months) for window in by_client.windows
    ]
    # Who does not trust the association's authority sends nothing.
    monkeypatch.delenv("SSL_CERT_FILE")
    trusted_roots.cache_clear()
    stranger = hanse("inquire", SHARED, "--purpose", PURPOSE, "--url", proxied.member_url, "--json")
    trusted_roots.cache_clear()
    assert (stranger.code, stranger.document["error"]["code"]) == (1, "unavailable")


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_an_authority_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        trusted_roots.__wrapped__()


def test_metrics_are_for_prometheus_alone(proxied: Proxied) -> None:
    with proxied.client() as client:
        assert client.get("/metrics").status_code == 404
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "content-encoding" not in answer.headers


def test_limits_count_the_address_behind_the_proxy(proxied: Proxied) -> None:
    with proxied.client("127.0.0.2") as one, proxied.client("127.0.0.3") as other:
        assert [one.get("/v1/consortium").status_code for _ in range(3)] == [200, 200, 429]
        assert other.get("/v1/consortium").status_code == 200
        # Nobody gets another address by saying so.
        said = {"x-forwarded-for": "127.0.0.4"}
        assert one.get("/v1/consortium", headers=said).status_code == 429


def test_plain_http_leads_to_https(proxied: Proxied) -> None:
    answer = httpx.get(f"http://desk.{DOMAIN}:{proxied.plain}/log/checkpoint", trust_env=False)
    assert answer.status_code in {301, 308}
    assert answer.headers["location"].startswith(f"https://desk.{DOMAIN}")


@pytest.mark.parametrize("tls", ["acme", "files", "internal"])
def test_each_party_of_the_compose_file_has_its_name(tls: str) -> None:
    config = adapted(tls)
    text = json.dumps(config)
    services = project("solo", {"HANSE_DOMAIN": DOMAIN})["services"]
    names = set(services["proxy"]["networks"]["desk-front"]["aliases"])
    dialled = {host for host, port in re.findall(r'"dial": "([\w-]+):(\d+)"', text) if port == "8080"}
    assert {f"{party}.{DOMAIN}" for party in dialled} == names
    hosts = set(re.findall(r'"([\w-]+\.hanse\.example)"', text))
    assert hosts == names | {f"grafana.{DOMAIN}"}
    assert ("/etc/caddy/tls/key.pem" in text) == (tls == "files")
    assert ('"module": "internal"' in text) == (tls == "internal")
