"""A steward is lost for good while nodes run; another is voted in, gets its shares, and answers with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_founding import cheap_keys, done, hanse
from support_joining import Net, running_net
from support_months import MEMBERS
from support_net import wait_until

from consortium_config.sample import STEWARDS
from hanse_ledger.ids import PartyId

ALDER, BIRCH, CEDAR, ELM = MEMBERS
ONE, TWO, THREE, LOST = STEWARDS.values()
NEW = PartyId("steward-5")
EVERYBODY = (ALDER, BIRCH, ELM, ONE, TWO, THREE)
CLEAR = {
    "condition": [0, 0, 4, 0, 0, 0, 0, 0],
    "exposure": [4, 0, 0, 0, 0, 0],
    "delay": [0, 4, 0, 0, 0, 0, 0, 0],
}
"""Four members were paid some hundred euros five days late (`support_months.book`)."""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    cheap_keys(monkeypatch)
    with running_net(tmp_path / "nodes") as made:
        yield made


def shares(net: Net) -> dict[str, Any]:
    shown = net.by_node(NEW, "status")
    assert isinstance(shown, dict)
    return shown["shares"] or {"state": "-"}


def problems(net: Net) -> list[str]:
    return [one["code"] for one in net.nodes[NEW].client.get("/readyz").json()["problems"]]


def sums(answer: dict[str, Any]) -> dict[str, Any]:
    (window,) = answer["windows"]
    return {name: window[name] for name in CLEAR}


def test_a_new_steward_takes_the_place_of_a_lost_one(net: Net) -> None:
    net.report(MEMBERS)
    assert sums(net.inquire(ALDER)) == CLEAR

    # Lost with its keys and its backup, and voted out.
    net.nodes.pop(LOST).kill()
    leaving = net.change(ALDER, "leaving.json", "--leave", LOST)
    net.vote(CEDAR, leaving, "leaving.json", EVERYBODY)

    # Another one makes its keys and a card that says nothing of the token key.
    card, port = net.make_party(NEW, "--name", "Five", "--role", "steward", "--x", "5")
    following = net.change(ALDER, "next.json", "--card", card)
    # What weakens privacy needs every member.
    net.vote(CEDAR, following, "next.json", (*EVERYBODY[:5], CEDAR))
    net.join(NEW, port)
    wait_until(lambda: shares(net)["state"] == "not_voted", "it has its share of the token key alone")
    wait_until(lambda: problems(net) == ["shares_missing"], "it says that it lacks values")
    looked = hanse("doctor", "--config", net.home(NEW) / "node.toml", "--json").document["findings"]
    assert {one["check"]: one["verdict"] for one in looked}["keys"] == "ok"

    # Everybody votes that it gets the rows and sums too; the check waits for the log to grow.
    by_key_file = ("--dir", net.home(TWO), "--passphrase-file", net.home(TWO) / "passphrase", "--yes")
    done(hanse("consortium", "vote", net.folder / "next.json", "--rows-to", NEW, *by_key_file))
    for voter in (ALDER, BIRCH, CEDAR, ELM, ONE, THREE):
        net.by_node(voter, "vote", net.folder / "next.json", "--rows-to", NEW, "--yes")
    wait_until(lambda: shares(net)["state"] in {"checking", "whole"}, "its values have come")
    assert net.inquire(ALDER)["status"] == "checked"
    wait_until(lambda: shares(net)["state"] == "whole", "its values hold against all others'")
    wait_until(lambda: problems(net) == [], "nothing is wrong with it any more")

    # With another one down three are left, of which it is one.
    assert net.nodes.pop(ONE).stop() == 0
    for member in (ALDER, BIRCH):
        answer = net.inquire(member)
        assert (answer["status"], sums(answer)) == ("checked", CLEAR)
