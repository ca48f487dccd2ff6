"""A dispute, a withdrawal and a fact among nine nodes in nine processes, over HTTP alone."""

from pathlib import Path
from typing import Any

import httpx
from support_months import MEMBERS, SHARED, book, close, log_months
from support_net import NodeProcess, running, wait_until

from consortium_config.sample import DESK_ID
from hanse_ledger.ids import Month, PartyId, month_text
from node.commands.own_node import own_node
from node.own.scopes import SCOPES

ALDER, BIRCH = MEMBERS[:2]
FACT = {
    "subject": SHARED,
    "kind": "judgment",
    "date": "2024-10-08",
    "source": "Court, 1 IN 2",
    "document_sha256": "0c" * 32,
}


def as_person(node: NodeProcess) -> httpx.Client:
    """A client of somebody at a member who may answer for its rows."""
    with own_node(None, None, node.config) as own:
        admin = own.people.begin("Ada")
        own.people.add(own.people.actor(admin.name), "Li Na", "compliance")
        binding = own.people.bind("Li Na")
        made = own.keys.new(name="Li Na", scopes=SCOPES, expires_at=None, binding=binding)
    key = {"authorization": f"Bearer {made.secret}"}
    return httpx.Client(base_url=node.url, headers=key, timeout=30, trust_env=False)


def items(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def answer_of(node: NodeProcess) -> dict[str, Any]:
    asked = {"subjects": [SHARED], "purpose": "credit-review"}
    (answer,) = node.ask("POST", "/v1/inquiries", json=asked)["answers"]
    assert answer["status"] == "checked"
    return dict(answer)


def withheld(node: NodeProcess) -> dict[str, bool]:
    return {" ".join(one["months"]): one["condition"] is None for one in answer_of(node)["windows"]}


def check_dispute(nodes: dict[PartyId, NodeProcess], first: Month, li: httpx.Client) -> int:
    """Open a dispute, see the mark, answer for alder's row; return the dispute's index."""
    opened = {"subject": SHARED, "reference": "D-1"}
    index = int(nodes[DESK_ID].ask("POST", "/v1/cases", json=opened)["index"])
    wait_until(lambda: answer_of(nodes[BIRCH])["disputed"], "answers are marked")
    wait_until(lambda: bool(items(li, "/v1/contested")), "alder hears of it")
    # The second month's row may be among them: it counted before the dispute took effect, or did not.
    row = items(li, "/v1/contested")[0]
    assert (row["dispute"], row["subject"], row["month"]) == (index, SHARED, month_text(first))
    answer = {"said": "cannot_be_confirmed", "months": [month_text(first)]}
    answered = li.post(f"/v1/contested/{index}/answer", json=answer)
    assert answered.is_success, answered.text
    wait_until(lambda: items(li, "/v1/contested")[0]["state"] == "in_effect", "the answer is in effect")
    return index


def test_nine_processes_dispute_withdraw_and_file(tmp_path: Path) -> None:
    first, second = log_months()
    nothing = {"bulletin_hours": 0}  # periods close as soon as every member has spoken
    with running(tmp_path / "nodes", MEMBERS, first, policy=nothing) as nodes, as_person(nodes[ALDER]) as li:
        for place, member in enumerate(MEMBERS):
            content = book(place, (first, second))
            nodes[member].ask("POST", "/v1/imports?confirm=true", content=content)
        close(nodes, first)
        index = check_dispute(nodes, first, li)
        assert withheld(nodes[BIRCH]) == {month_text(first): False}
        fact = nodes[DESK_ID].ask("POST", "/v1/facts", json=FACT)
        wait_until(lambda: items(nodes[BIRCH].client, "/v1/facts") == [fact], "birch has the fact")
        close(nodes, second)
        assert withheld(nodes[BIRCH]) == {month_text(first): True, month_text(second): False}
        said = {"subject": SHARED, "month": month_text(second), "reason": "error"}
        assert li.post("/v1/withdrawals", json=said).status_code == 201
        wait_until(lambda: items(li, "/v1/withdrawals")[0]["state"] == "in_effect", "it is withdrawn")
        nodes[DESK_ID].ask("POST", f"/v1/cases/{index}/resolve", json={"outcome": "corrected"})
        wait_until(lambda: not answer_of(nodes[BIRCH])["disputed"], "answers are not marked any more")
        # No month has closed since: the second window stays as it was frozen.
        assert withheld(nodes[BIRCH]) == {month_text(first): True, month_text(second): False}
