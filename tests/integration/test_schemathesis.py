"""Requests made up from the OpenAPI document, against a node of every role: nothing is answered with a fault.

Each operation gets the same examples in every run, well-formed and not, signed as a party's and with an API
key that may do everything. What comes back is documented: its status, its media type, its form.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support_http import API_KEY, signer_of
from support_net import NodeProcess, found_nodes, start_all, stop_all

from consortium_config.sample import DESK_ID, DemoConsortium
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.signing import SigningKey

MEMBER, STEWARD = PartyId("alder"), PartyId("steward-1")
EXAMPLES = 3
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BYTES = (
    "application/cose",
    "application/cbor",
    "application/cbor-seq",
    "application/octet-stream",
    "application/toml",
)
UNLIMITED = 100_000

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Net: TypeAlias = tuple[DemoConsortium, dict[PartyId, NodeProcess]]

for media_type in BYTES:
    schemathesis.openapi.media_type(media_type, st.binary(max_size=400))


class Caller(AuthBase):
    """A party and, all in one, a system of the node's own party: each route looks at what it needs."""

    def __init__(self, founded: DemoConsortium) -> None:
        key = SigningKey(founded.keys[MEMBER].statement_seed)
        self._signer = signer_of(founded.consortium, MEMBER, key)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        assert isinstance(body, bytes)
        request.headers.update(
            self._signer.headers(method=request.method or "", url=request.url or "", body=body)
        )
        request.headers["authorization"] = f"Bearer {API_KEY}"
        return request


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    folder: Path = tmp_path_factory.mktemp("net")
    founded, nodes = found_nodes(
        folder,
        [MEMBER],
        Month(2024 * 12),
        rate_per_key=UNLIMITED,
        rate_per_party=UNLIMITED,
        rate_per_address=UNLIMITED,
    )
    try:
        start_all(nodes)
        yield founded, nodes
    finally:
        stop_all(nodes)


@pytest.mark.parametrize("party", [DESK_ID, STEWARD, MEMBER])
def test_what_the_document_allows_is_answered_as_it_says(net: Net, party: PartyId) -> None:
    founded, nodes = net
    schema = schemathesis.openapi.from_url(f"{nodes[party].url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 40
    failures = [text for operation in operations if (text := _failure(operation, Caller(founded)))]
    assert not failures, "\n".join(failures)
    assert nodes[party].process.poll() is None


def _failure(operation: Operation, caller: Caller) -> str:
    """What does not hold of an operation, or nothing."""
    try:
        _ask(operation, caller)
    except BaseExceptionGroup as error:
        return f"{operation.label}: {error}"
    return ""


def _ask(operation: Operation, caller: Caller) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(auth=caller, timeout=30, checks=CHECKS)

    ask()
