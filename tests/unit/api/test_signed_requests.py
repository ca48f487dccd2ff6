"""Signed requests as they come over a socket: cut off, with doubled fields, for another place."""

import socket
from collections.abc import Mapping

import httpx
import pytest
from support_consortium import ALDER, BIRCH, canonical, document, statement_key
from support_http import Served, signer_of

from hanse_ledger.consortium import parse_document

CONSORTIUM = parse_document(canonical(document()))
PATH, BODY = "/v1/shares", b"sealed bytes"

Asked = list[tuple[str, str, bytes]]


def signed(url: str, body: bytes = BODY) -> dict[str, str]:
    return signer_of(CONSORTIUM, ALDER, statement_key(ALDER)).headers(method="POST", url=url, body=body)


def head(headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "host: node", f"content-length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def refusal(client: httpx.Client, headers: list[tuple[str, str]], body: bytes = BODY) -> tuple[int, str]:
    answer = client.post(PATH, content=body, headers=headers)
    return answer.status_code, answer.json()["code"]


def test_a_request_that_is_cut_off_reaches_nobody(client: httpx.Client, served: Served, asked: Asked) -> None:
    for cut in (0, 1, len(BODY) - 1):
        content = head(signed(served.url + PATH), len(BODY)) + BODY[:cut]
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(content)
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(head(signed(served.url + PATH), len(BODY))[:-20])
    assert not asked
    # The node goes on; a nonce that never arrived as a whole is not used up.
    headers = signed(served.url + PATH)
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(head(headers, len(BODY)) + BODY[:3])
    assert client.post(PATH, content=BODY, headers=headers).status_code == 200
    assert asked == [(ALDER, "shares", BODY)]


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_a_header_field_that_comes_twice_is_refused(
    client: httpx.Client, served: Served, asked: Asked, name: str
) -> None:
    mine, other = signed(served.url + PATH), signed(served.url + PATH, b"other bytes")
    for more in (mine[name], other[name], "hanse"):
        for twice in ([*mine.items(), (name, more)], [(name, more), *mine.items()]):
            assert refusal(client, twice) == (401, "request_signature")
    assert not asked


def test_a_request_is_for_the_place_that_it_was_signed_for(
    client: httpx.Client, served: Served, asked: Asked
) -> None:
    """What another node, another path or another name of this node was asked is not taken here."""
    port = served.port
    for url in (
        f"http://steward.example{PATH}",
        f"http://localhost:{port}{PATH}",
        f"https://127.0.0.1:{port}{PATH}",
        f"http://127.0.0.1:{port}/v1/answers",
        f"http://127.0.0.1:{port}{PATH}?",
        f"http://127.0.0.1:{port}//v1/shares",
    ):
        assert refusal(client, list(signed(url).items())) == (401, "request_signature")
    assert not asked


def test_a_party_cannot_ask_as_another(client: httpx.Client, served: Served, asked: Asked) -> None:
    """ALDER's signature under BIRCH's name, and BIRCH's name beside ALDER's signature."""
    as_birch = signer_of(CONSORTIUM, BIRCH, statement_key(ALDER))
    headers = as_birch.headers(method="POST", url=served.url + PATH, body=BODY)
    assert refusal(client, list(headers.items())) == (401, "request_signature")
    mine = signed(served.url + PATH)
    mine["signature-input"] = mine["signature-input"].replace(f" {ALDER}", f" {BIRCH}")
    assert refusal(client, list(mine.items())) == (401, "request_signature")
    assert not asked
