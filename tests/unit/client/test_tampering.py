"""No field of an answer, and no field of its proof, can be another on its way to the caller."""

import copy
import json
from functools import cache
from itertools import islice
from typing import Any

import httpx
import pytest
from support_changes import Path, mutations, nodes, some

from hanse_client.errors import TrustOutdatedError, UnavailableError, VerificationError
from hanse_client.testing import FakeHanse, window

SUBJECT = "ref:DEMO:SHARED"
ROWS = [(place % 8, place % 6, place % 7) for place in range(12)]
FEWER_STAY_TRUE = [("proof", "answers"), ("proof", "evaluations")]
"""Two evaluations bear a token as three do, and three answers a figure as four do."""
EACH = 5
"""Of many ways to change a value, every so manieth: the verifier's own tests take all of them."""


@cache
def asked() -> tuple[FakeHanse, dict[str, Any]]:
    """What the fake answers about a subject of every kind of window."""
    fake = FakeHanse()
    fake.add(
        SUBJECT,
        window("2026-07", rows=ROWS),
        window("2026-08", rows=ROWS[:5], withheld=True),
        window("2026-09", rows=ROWS[:4]),
    )
    kept: list[dict[str, Any]] = []
    fake.tamper_next(lambda answer: kept.append(copy.deepcopy(answer)))
    with fake.client() as hanse:
        assert [one.rows for one in hanse.check(SUBJECT, purpose="onboarding").windows] == [12, None, 4]
    return fake, kept[0]


def check(answer: object) -> None:
    """Ask a node that gives this answer."""
    fake, _ = asked()

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/inquiries":
            return fake.respond(request)
        return httpx.Response(200, content=json.dumps({"answers": [answer]}).encode())

    with fake.client(transport=httpx.MockTransport(respond)) as hanse:
        hanse.check(SUBJECT, purpose="onboarding")


def changed(path: Path, value: object) -> object:
    if not path:
        return value
    answer = copy.deepcopy(asked()[1])
    at: Any = answer
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return answer


PLACES = [
    (path, value) for path, value in nodes(asked()[1]) if "cells" not in path[:-1] or path[-1] in some(56)
]


@pytest.mark.parametrize(("path", "value"), PLACES, ids=["/".join(map(str, path)) for path, _ in PLACES])
def test_no_field_can_be_changed(path: Path, value: Any) -> None:
    tried = 0
    for other in islice(mutations(value), 0, None, EACH):
        if path in FEWER_STAY_TRUE and isinstance(other, dict) and other.items() < dict(value).items():
            continue
        with pytest.raises(VerificationError) as refused:
            check(changed(path, other))
        assert not isinstance(refused.value, TrustOutdatedError)
        tried += 1
    assert tried


def test_unchanged_it_is_a_report() -> None:
    check(asked()[1])


def test_without_its_proof_it_has_no_figures() -> None:
    answer = {name: value for name, value in asked()[1].items() if name != "proof"}
    with pytest.raises(VerificationError):
        check(answer)
    with pytest.raises(UnavailableError):
        check({**answer, "proof_code": "unavailable"})
