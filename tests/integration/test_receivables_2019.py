"""The demo on real receivables of eight firms: every figure against sums taken from the CSVs in the clear."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import support_clear_signals as clear
from support_clear import Bill
from support_demo import Rows, frozen_sums, read_folder, rows_in, text, windows_of
from support_go import logcheck

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.ids import PartyId, SubjectId
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.proof import parse_proof, verify_proof
from hanse_ledger.witnessing import policy_of
from node import logs
from node.bootstrap import Embedded
from node.commands.own_node import own_node
from node.demo import run_demo
from node.receivables.subjectmap import demo_subject
from node.risk.signals.compute import signals_of
from node.roles.inquirer import Outcome

DATA = Path(__file__).parents[3] / "shared" / "data" / "receivables_2019"
SUBJECTS = 908
WITH_WINDOWS = 261


def quiet(_step: str, _done: int, _of: int) -> None:
    """Say nothing."""


@pytest.mark.skipif(not DATA.is_dir(), reason="needs shared/data/receivables_2019")
def test_every_figure_of_a_year_s_real_receivables(tmp_path: Path) -> None:
    """One test, as the demo is made once: half a minute."""
    folder = tmp_path / "demo"
    result = run_demo(folder, DATA, progress=quiet)
    books = read_folder(DATA)
    rows, first, last = rows_in(books)
    expected = windows_of(rows, first=first, last=last)
    assert [text(month) for month in (first, last)] == ["2018-11", "2019-11"]
    assert [int(month) for month in result.months] == list(range(first, last + 1))
    assert result.refused == ()
    assert result.invoices == sum(map(len, books.values()))
    customers = sorted({bill.customer for bills in books.values() for bill in bills})
    assert (result.customers, len(customers)) == (SUBJECTS, SUBJECTS)
    subjects = {demo_subject(customer).id: customer for customer in customers}

    with Embedded(folder) as embedded:
        members = list(result.members)
        ask_all(embedded, members[0], subjects, expected)
        for member, start in ((members[3], 0), (members[7], 500)):
            part = dict(list(subjects.items())[start : start + 100])
            ask_all(embedded, member, part, expected)
        check_log(embedded, members[5], tmp_path / "export")
    (answer,) = [path for path in result.files if path.name.endswith(".hanse.json")]
    assert verify_answer_file(answer.read_bytes(), embedded.consortium) == result.report["answer"]
    check_vaults(folder, expected)
    check_signals(folder, members[0], subjects, expected, books, rows)


def ask_all(
    embedded: Embedded,
    member: PartyId,
    subjects: dict[SubjectId, str],
    expected: dict[str, list[dict[str, Any]]],
) -> None:
    """Every subject's windows are those of the CSVs, and nobody learns of a thin one."""
    outcomes: Iterable[Outcome] = embedded.member(member).inquire(list(subjects), "credit-review")
    found = {outcome.subject: outcome.describe() for outcome in outcomes}
    assert list(found) == list(subjects)
    for subject, customer in subjects.items():
        assert found[subject]["windows"] == expected[customer], customer
        assert found[subject]["status"] == ("checked" if expected[customer] else "nothing")
    if len(subjects) == SUBJECTS:
        assert sum(bool(each["windows"]) for each in found.values()) == WITH_WINDOWS


def check_signals(
    folder: Path,
    member: PartyId,
    subjects: dict[SubjectId, str],
    expected: dict[str, list[dict[str, Any]]],
    books: dict[str, list[Bill]],
    rows: Rows,
) -> None:
    """Every signal of every subject is what the CSVs say by the definitions, or unknown as they are."""
    days = (day for bills in books.values() for bill in bills for day in (bill.invoiced, bill.paid) if day)
    as_of, known = max(days), 0
    last = max(month for _, _, month in rows)
    with own_node(folder, member, None) as own:
        found = own.inputs.some(list(subjects))
    for subject, customer in subjects.items():
        signals = {str(name): one for name, one in signals_of(found[subject]).items()}
        wanted = {
            **clear.network(expected[customer], last),
            **clear.versus(expected[customer], clear.rows_of(rows, member, customer), last),
            **clear.own([bill for bill in books[member] if bill.customer == customer], as_of),
        }
        for name, value in wanted.items():
            seen = signals[name].value
            assert (seen is None) == (value is None), (customer, name)
            assert seen is None or value is None or abs(seen - value) < 1e-9, (customer, name)
        known += sum(value is not None for value in wanted.values())
    assert known > SUBJECTS


def check_log(embedded: Embedded, member: PartyId, out: Path) -> None:
    """The log audits, its proofs hold, and programs that are not ours find no fault with the export."""
    node = embedded.member(member)
    _, note = node.cosigned_checkpoint()
    source = logs.replica_source(node.standing.replica, note.encode())
    audited = logs.audit(source, quiet, trusted=embedded.consortium)
    assert audited.is_cosigned
    assert audited.kinds["report"] == audited.counting_reports
    assert audited.last_closed == "2019-11"
    policy = policy_of(embedded.consortium)
    size = audited.checkpoint.size
    for index in (0, size // 2, size - 1):
        raw = node.standing.replica.log.entries(index, 1)[0]
        verify_proof(parse_proof(logs.proof(source, index)), leaf=leaf_hash(raw), policy=policy)
    assert logs.export(source, out, quiet) == size
    checked = logcheck(out)
    assert checked.returncode == 0, checked.stderr


def check_vaults(folder: Path, expected: dict[str, list[dict[str, Any]]]) -> None:
    """What two stewards hold adds up to exactly the expected windows: none more, none less."""
    opened = sorted(
        (
            text(frozen_at),
            [sum(cells[6 * i : 6 * i + 6]) for i in range(8)],
            [sum(cells[i:48:6]) for i in range(6)],
            list(cells[48:]),
        )
        for frozen_at, _, _, cells in frozen_sums(folder)
    )
    wanted = sorted(
        (one["frozen_at"], one["condition"], one["exposure"], one["delay"])
        for windows in expected.values()
        for one in windows
    )
    assert opened == wanted
