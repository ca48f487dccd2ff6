"""Four stewards that agree on the order, a desk and four members, in nine processes beside four CometBFT."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from support_agreement import VALIDATORS, Agreement, found_agreeing
from support_go import logcheck
from support_make_net import windows_of_exports
from support_months import MEMBERS, SHARED, book, close, log_months
from support_net import NodeProcess, start_all, stop_all, wait_until
from support_served_log import check_log

from hanse_ledger.ids import PartyId
from hanse_ledger.note import parse_note
from node.cli import main as hanse

FIRST, LOST, *DOWN = VALIDATORS
HALT_S = 3


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agreement]:
    founded, nodes = found_agreeing(tmp_path_factory.mktemp("agree"), MEMBERS, log_months()[0])
    try:
        start_all(nodes)
        yield Agreement(founded, nodes)
    finally:
        stop_all(nodes)


def test_a_month_goes_on_without_one_and_heals_after_two(net: Agreement, tmp_path: Path) -> None:
    first, second = months = log_months()
    exports = {member: book(place, months) for place, member in enumerate(MEMBERS)}
    for member, export in exports.items():
        net.nodes[member].ask("POST", "/v1/imports?confirm=true", content=export)
    wait_until(lambda: net.size(FIRST) > 1, "the first report is logged")
    net.nodes[LOST].kill()
    # Reports count when all four have checked them; the log does not wait for that.
    net.order(net.statement())
    net.start(LOST)
    close(net.nodes, first)
    check_halt(net)
    close(net.nodes, second)
    check_answers(net, exports, tmp_path)
    check_logs(net, tmp_path)


def check_halt(net: Agreement) -> None:
    """With two of four gone nothing is ordered; with them back, what was left meanwhile is."""
    for party in DOWN:
        assert net.nodes[party].stop() == 0
    with ThreadPoolExecutor() as pool:
        statement = net.statement()
        left = pool.submit(net.bring, statement)
        assert not wait([left], HALT_S).done
        net.start(*DOWN)
        index = net.order(statement)
        assert left.result() in {None, index}


def check_answers(net: Agreement, exports: dict[PartyId, bytes], folder: Path) -> None:
    """Answers are the sums of the exports, and verify with the document alone; also after restarts."""
    first, last = log_months()
    clear = windows_of_exports(exports, first=first, last=last)
    for party in (MEMBERS[0], FIRST):
        assert net.nodes[party].stop() == 0
    net.start(FIRST, MEMBERS[0])
    document = net.nodes[MEMBERS[0]].config.parent / "consortium.json"
    for answer in inquire(net.nodes[MEMBERS[0]]):
        subject = answer["subject"]
        assert answer["status"] == ("checked" if clear.get(subject) else "nothing")
        assert answer["windows"] == clear.get(subject, [])
        path = folder / "answer.hanse.json"
        path.write_text(json.dumps(answer))
        assert hanse(["verify", str(path), "--consortium", str(document), "--json"]) == 0


def inquire(node: NodeProcess) -> list[dict[str, Any]]:
    asked = {"subjects": [SHARED, "ref:DEMO:UNKNOWN"], "purpose": "credit-review", "proof": True}
    answers: list[dict[str, Any]] = node.ask("POST", "/v1/inquiries", json=asked)["answers"]
    return answers


def check_logs(net: Agreement, folder: Path) -> None:
    """All four serve one log, which foreign programs find whole; each has signed it itself."""
    wait_until(lambda: len({net.size(party) for party in VALIDATORS}) == 1, "all four have the same")
    for party in VALIDATORS:
        check_standing(net.nodes[party])
        check_log(net.nodes[party], folder / party)
        found = logcheck(folder / party)
        assert found.returncode == 0, found.stderr
    one, *others = (tiles_of(folder / party) for party in VALIDATORS)
    assert all(other == one for other in others)


def check_standing(node: NodeProcess) -> None:
    """Its health says how CometBFT stands, and so do its metrics."""

    def has_all_peers() -> bool:
        agreed = node.ask("GET", "/readyz")["agreement"]
        return agreed is not None and (agreed["peers"], agreed["catching_up"]) == (3, False)

    wait_until(has_all_peers, "it is connected with the three others")
    assert "hanse_agreement_peers 3.0" in node.client.get("/metrics").text


def tiles_of(folder: Path) -> dict[str, bytes]:
    """Every tile and bundle by its path, and what the checkpoint says, whoever has signed it."""
    paths = [path for path in folder.glob("tile/**/*") if path.is_file()]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return {**found, "checkpoint": parse_note((folder / "checkpoint").read_bytes()).text}
