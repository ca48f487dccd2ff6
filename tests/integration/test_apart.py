"""Nine nodes in nine processes on loopback, each with its own keys and database on a server, over HTTP alone.

With databases in files the same stands in `test_net.py`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest
import rfc8785
from support_go import logcheck
from support_http import API_KEY
from support_months import MEMBERS, SHARED, book, close, log_months
from support_net import NodeProcess, running
from support_postgres import Cluster
from support_served_log import check_log

from consortium_config.sample import DESK_ID
from hanse_client import Hanse, Unanswered
from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import PartyId

UNKNOWN = "ref:DEMO:UNKNOWN"


def inquire(node: NodeProcess) -> dict[str, dict[str, object]]:
    asked = {"subjects": [SHARED, UNKNOWN], "purpose": "credit-review"}
    answers = node.ask("POST", "/v1/inquiries", json=asked)["answers"]
    assert [answer["subject"] for answer in answers] == asked["subjects"]
    return {answer["subject"]: answer for answer in answers}


def check_proofs(node: NodeProcess) -> None:
    """With `proof` every answer is a file that a stranger verifies with the consortium document alone."""
    document = node.ask("GET", "/v1/consortium")["document"]
    consortium = parse_document(rfc8785.dumps(document))
    asked = {"subjects": [SHARED, UNKNOWN, SHARED], "purpose": "onboarding", "proof": True}
    answers = node.ask("POST", "/v1/inquiries", json=asked)["answers"]
    assert [answer["status"] for answer in answers] == ["checked", "nothing", "checked"]
    for answer in answers:
        without = {name: value for name, value in answer.items() if name != "proof"}
        assert verify_answer_file(json.dumps(answer).encode(), consortium) == without


def asked_by_client(node: NodeProcess) -> list[str]:
    """Ask through the SDK; return what there is to go by, or why there is nothing."""
    trust = node.config.parent / "consortium.json"
    with Hanse(node.url, api_key=API_KEY, trust=trust) as hanse:
        outcomes = hanse.check_many([SHARED, UNKNOWN], purpose="credit-review")
        assert hanse.consortium().is_current
    return [one.error.code if isinstance(one, Unanswered) else one.coverage for one in outcomes]


SPREAD = [DESK_ID, PartyId("steward-1")]
"""Whose HTTP is answered by web workers."""


@pytest.fixture
def change(cluster: Cluster) -> Callable[[PartyId], Mapping[str, object]]:
    """More settings of each node, by its party."""
    return lambda party: {
        "database": cluster.new_database().render_as_string(),
        "web_workers": 2 if party in SPREAD else 0,
    }


def test_nine_processes_report_close_and_answer(
    tmp_path: Path, change: Callable[[PartyId], Mapping[str, object]]
) -> None:
    months = log_months()
    with running(tmp_path / "nodes", MEMBERS, months[0], change) as nodes:
        for place, member in enumerate(MEMBERS):
            taken = nodes[member].ask("POST", "/v1/imports?confirm=true", content=book(place, months))
            assert (taken["state"], taken["new"]) == ("taken", 4)
        for month in months:
            close(nodes, month)
        answers = inquire(nodes[MEMBERS[0]])
        assert {subject: answer["status"] for subject, answer in answers.items()} == {
            SHARED: "checked",
            UNKNOWN: "nothing",
        }
        whole = answers[SHARED]["windows"]
        assert nodes[PartyId("steward-1")].stop() == 0
        one_less = inquire(nodes[MEMBERS[1]])[SHARED]
        assert (one_less["status"], one_less["windows"]) == ("checked", whole)
        check_proofs(nodes[MEMBERS[0]])
        assert asked_by_client(nodes[MEMBERS[0]]) == ["checked", "none"]
        check_log(nodes[DESK_ID], tmp_path / "log")
        assert nodes[PartyId("steward-2")].stop() == 0
        two_less = inquire(nodes[MEMBERS[2]])[SHARED]
        assert (two_less["status"], two_less["windows"]) == ("unchecked", whole)
        # Two that cosign are too few to prove anything.
        assert asked_by_client(nodes[MEMBERS[2]]) == ["node_unavailable", "node_unavailable"]
        assert nodes[MEMBERS[3]].stop() == 0
        with httpx.Client(trust_env=False) as stranger:
            url = nodes[MEMBERS[0]].url
            assert stranger.get(f"{url}/v1/reports").status_code == 401
    found = logcheck(tmp_path / "log")
    assert found.returncode == 0, found.stderr
