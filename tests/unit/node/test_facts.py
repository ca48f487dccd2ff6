"""Public facts: filed and withdrawn by a desk, found at once at every node by any id of the subject."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from support_node import MEMBERS, Bench

from consortium_config.sample import DESK_ID
from hanse_ledger.errors import LedgerError, MalformedError, UnavailableError
from hanse_ledger.filings import Alias, FactKind
from hanse_ledger.ids import PartyId, SubjectId
from node.errors import NotFoundError, WithdrawnError
from node.own.facts import Facts, filing_of
from node.roles.desk import Desk, Filing
from node.roles.outbox import Outbox
from node.storage.facts import PublicFact
from node.storage.monitoring_schema import risk_event
from node.storage.public_schema import public_alias, public_fact

ALDER = MEMBERS[0]
LEI, DUNS, VAT = SubjectId("lei:5493001KJTIIGC8Y1R12"), SubjectId("duns:123456789"), SubjectId("vat:DE:1")
SHA256 = "0b" * 32


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


def filing(
    subject: str = LEI,
    kind: str = "insolvency_opened",
    day: str = "2024-10-07",
    source: str = "Court, 1 IN 2",
) -> Filing:
    return filing_of(subject=subject, kind=kind, day=day, source=source, document_sha256=SHA256)


def desk(bench: Bench) -> Desk:
    return bench.member(DESK_ID).desk


def seen(bench: Bench, subject: SubjectId = LEI, party: PartyId = ALDER) -> list[PublicFact]:
    """What a node finds after it has caught up."""
    standing = bench.standing(party)
    standing.catch_up()
    return Facts(standing.database).facts_of(subject)


def test_every_node_finds_a_fact_with_its_source(bench: Bench) -> None:
    filed = desk(bench).file(filing())
    for party in (ALDER, MEMBERS[1], PartyId("steward-1"), DESK_ID):
        (fact,) = seen(bench, party=party)
        assert fact == filed
    assert (fact.kind, fact.day, fact.source) == (FactKind.INSOLVENCY_OPENED, "2024-10-07", "Court, 1 IN 2")
    assert (fact.desk, fact.document, fact.withdrawn_at) == (DESK_ID, bytes.fromhex(SHA256), None)


def test_a_fact_filed_twice_stands_once(bench: Bench) -> None:
    first = desk(bench).file(filing())
    assert desk(bench).file(filing()) == first
    other = desk(bench).file(filing(source="Court, 1 IN 3"))
    assert [fact.position for fact in seen(bench)] == [first.position, other.position]


def test_a_withdrawn_fact_is_gone_and_may_be_filed_again(bench: Bench) -> None:
    first = desk(bench).file(filing())
    kept = desk(bench).file(filing(kind="judgment"))
    withdrawn = desk(bench).withdraw(first.position, source="Court, lifted on appeal")
    assert withdrawn.withdrawn_at == kept.position + 1
    assert seen(bench) == [kept]
    with pytest.raises(WithdrawnError):
        desk(bench).withdraw(first.position)
    again = desk(bench).file(filing())
    assert seen(bench) == [kept, again]
    listed = Facts(bench.standing(ALDER).database).listed(after=None, limit=10)
    assert [fact.position for fact in listed] == [again.position, kept.position, first.position]
    assert listed[-1] == withdrawn


def test_a_desk_withdraws_its_own_facts_alone(bench: Bench) -> None:
    own = desk(bench).file(filing())
    kept = desk(bench).file(filing(kind="judgment"))
    genesis, withdrawal = 0, desk(bench).withdraw(own.position).withdrawn_at
    assert withdrawal is not None
    for position in (genesis, withdrawal, 999):
        with pytest.raises(NotFoundError):
            desk(bench).withdraw(position)
    member = Desk(standing=bench.standing(ALDER), outbox=Outbox(bench.standing(ALDER)))
    with pytest.raises(NotFoundError):
        member.withdraw(kept.position)
    assert seen(bench) == [kept]


def test_a_fact_is_found_under_every_id_of_its_subject(bench: Bench) -> None:
    before = desk(bench).file(filing(DUNS))
    bench.log(DESK_ID, Alias(other=DUNS, primary=LEI))
    after = desk(bench).file(filing(DUNS, kind="judgment"))
    assert after.subject == LEI
    for subject in (LEI, DUNS):
        assert seen(bench, subject) == [before, after]
    found = Facts(bench.standing(ALDER).database).facts_of_all([LEI, DUNS, VAT])
    assert found == {LEI: [before, after], DUNS: [before, after]}


def test_what_older_versions_stored_as_statements_alone_is_found_too(bench: Bench) -> None:
    filed, withdrawn = desk(bench).file(filing()), desk(bench).file(filing(kind="judgment"))
    withdrawn = desk(bench).withdraw(withdrawn.position)
    bench.log(DESK_ID, Alias(other=DUNS, primary=LEI))
    assert seen(bench, DUNS) == [filed]
    with bench.standing(ALDER).database.write() as connection:
        for table in (public_fact, public_alias):
            connection.execute(table.delete())
    bench.reopen(ALDER)
    assert seen(bench, DUNS) == [filed]
    assert Facts(bench.standing(ALDER).database).listed(after=None, limit=9)[0] == withdrawn


def test_a_fact_that_did_not_arrive_is_not_filed_twice(bench: Bench) -> None:
    standing = bench.standing(DESK_ID)
    submit = bench.sequencer.submit_all

    def lose(statements: Sequence[bytes]) -> tuple[list[int], LedgerError]:
        submit(statements)
        return [], UnavailableError("the reply is lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.sequencer, "submit_all", lose)
        with pytest.raises(UnavailableError):
            desk(bench).file(filing())
    bench.reopen(DESK_ID)
    size = bench.state.size
    fact = desk(bench).file(filing())
    assert (bench.state.size, fact.position) == (size, size - 1)
    assert standing is not bench.standing(DESK_ID)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "rumour"),
        ("day", "2024-13-01"),
        ("source", " "),
        ("source", "x\ny"),
        ("source", "é" * 101),
        ("document_sha256", "0b" * 31),
        ("document_sha256", "zz" * 32),
    ],
)
def test_a_filing_that_says_nothing_is_refused_by_its_field(field: str, value: str) -> None:
    said = {
        "subject": LEI,
        "kind": "judgment",
        "day": "2024-10-01",
        "source": "x",
        "document_sha256": SHA256,
        field: value,
    }
    with pytest.raises(MalformedError, match="date" if field == "day" else field):
        filing_of(**said)


def test_a_fact_of_tomorrow_is_refused(bench: Bench) -> None:
    tomorrow = date.fromordinal(bench.clock.now().date().toordinal() + 1)
    with pytest.raises(MalformedError, match="date"):
        desk(bench).file(filing(day=tomorrow.isoformat()))


def test_a_member_records_an_event_for_each_fact_and_withdrawal(bench: Bench) -> None:
    bench.log(DESK_ID, Alias(other=DUNS, primary=LEI))
    fact = desk(bench).file(filing(DUNS))
    desk(bench).withdraw(fact.position)
    seen(bench)
    with bench.standing(ALDER).database.read() as connection:
        events = connection.execute(select(risk_event).where(risk_event.c.kind == "fact")).all()
    assert [(event.key, event.subject) for event in events] == [
        (str(fact.position), LEI),
        (str(fact.position + 1), LEI),
    ]
