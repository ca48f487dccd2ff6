"""`run_demo` on a small made-up folder: its figures, doing it again, being killed, being refused."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support_demo import frozen_sums, make_folder, rows_in, text, windows_of

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError, RejectedError, VerificationError
from hanse_ledger.ids import PartyId
from node import logs
from node.bootstrap import Embedded
from node.demo import DemoResult, NoReceivablesError, OtherReceivablesError, run_demo
from node.storage.database import Database
from node.storage.log import LogStore

_RUN = """
import sys
from pathlib import Path
from node.demo import run_demo
run_demo(Path(sys.argv[1]), Path(sys.argv[2]), progress=lambda *step: print(step, flush=True))
"""


def quiet(_step: str, _done: int, _of: int) -> None:
    """Say nothing."""


def log_size(folder: Path) -> int:
    database = Database(folder / "parties" / "desk" / "sequencer.sqlite")
    size = LogStore(database).size()
    database.close()
    return size


def figures(result: DemoResult) -> list[dict[str, Any]]:
    """Everything that the answers say but for what is random in them."""
    return [{k: v for k, v in answer.items() if k != "request_id"} for answer in result.answers]


def test_a_demo_says_what_the_exports_say(tmp_path: Path) -> None:
    books = make_folder(tmp_path / "exports")
    result = run_demo(tmp_path / "demo", tmp_path / "exports", progress=quiet)
    rows, first, last = rows_in(books)
    windows = windows_of(rows, first=first, last=last)

    assert result.fresh
    assert not result.made_up
    assert (result.party, result.members) == ("alder", tuple(sorted(books)))
    assert [int(month) for month in result.months] == list(range(first, last + 1))
    assert [text(month) for month in result.months] == ["2024-10", "2024-11", "2024-12", "2025-01"]
    assert result.invoices == sum(map(len, books.values()))
    customers = {bill.customer for bills in books.values() for bill in bills}
    assert result.customers == len(customers) >= 12
    # The line in another currency is refused and listed, the credit note is left out without a word.
    assert [(member, remark.reason) for member, remark in result.refused] == [("alder", "currency_no_rate")]

    assert {answer["subject"] for answer in result.answers} == {f"ref:DEMO:{one}" for one in customers}
    for answer in result.answers:
        expected = windows[answer["subject"].rpartition(":")[2]]
        assert answer["windows"] == expected, answer["subject"]
        assert answer["status"] == ("checked" if expected else "nothing")
        assert (answer["last_closed_month"], answer["purpose"]) == (text(last), "credit-review")
    assert any(len(one["months"]) > 1 for each in windows.values() for one in each)
    assert {"checked", "nothing"} == {answer["status"] for answer in result.answers}

    check_own(result, rows)
    check_file(tmp_path / "demo", result)
    check_again(tmp_path, result)


def check_own(result: DemoResult, rows: Any) -> None:
    """What alder added to each window that the report shows is its own rows, and no more than the sums."""
    shown = result.report["answer"]
    customer = shown["subject"].rpartition(":")[2]
    assert shown in result.answers
    assert len(result.report["own"]) == len(shown["windows"])
    for window, own in zip(shown["windows"], result.report["own"], strict=True):
        mine = [
            rows[key] for key in rows if key[:2] == ("alder", customer) and text(key[2]) in window["months"]
        ]
        for place, name in enumerate(("condition", "exposure", "delay")):
            assert own[name] == [sum(row[place] == i for row in mine) for i in range(len(window[name]))]
            assert all(part <= whole for part, whole in zip(own[name], window[name], strict=True))
        assert len(own["rows"]) == len(mine)


def check_file(folder: Path, result: DemoResult) -> None:
    """The answer file says what the report says, and can be changed by nobody."""
    (path,) = [file for file in result.files if file.name.endswith(".hanse.json")]
    consortium = parse_document((folder / "consortium.json").read_bytes())
    assert verify_answer_file(path.read_bytes(), consortium) == result.report["answer"]
    content = json.loads(path.read_text())
    content["windows"][0]["condition"][0] += 1
    with pytest.raises(VerificationError):
        verify_answer_file(json.dumps(content).encode(), consortium)


def check_again(tmp_path: Path, result: DemoResult) -> None:
    """Finished, it files nothing more; other exports are refused."""
    folder = tmp_path / "demo"
    before = log_size(folder)
    again = run_demo(folder, tmp_path / "exports", progress=quiet)
    assert not again.fresh
    assert (again.answers, again.report, again.files) == (result.answers, result.report, result.files)
    make_folder(tmp_path / "others", seed=2)
    for other in (tmp_path / "others", None):
        with pytest.raises(OtherReceivablesError):
            run_demo(folder, other, progress=quiet)
    assert log_size(folder) == before
    with Embedded(folder) as embedded:
        standing = embedded.member(PartyId("birch")).standing
        standing.catch_up()
        audited = logs.audit(logs.replica_source(standing.replica), quiet, trusted=embedded.consortium)
    assert audited.checkpoint.size == before
    assert audited.kinds["report"] == audited.counting_reports == len(result.members) * len(result.months)
    assert audited.kinds["inquiry"] == 1


def start(folder: Path, exports: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(folder), str(exports)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_demo_that_is_killed_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """SIGKILL at three moments of chance: after so many steps, and so much later."""
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)
    exports, folder = tmp_path / "exports", tmp_path / "killed"
    books = make_folder(exports)
    for _ in range(3):
        with start(folder, exports) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(0, 9)):
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.6))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    result = run_demo(folder, exports, progress=quiet)
    rows, first, last = rows_in(books)
    windows = windows_of(rows, first=first, last=last)
    for answer in result.answers:
        assert answer["windows"] == windows[answer["subject"].rpartition(":")[2]]
    check_own(result, rows)
    check_file(folder, result)
    sums = [
        (one["frozen_at"], one["condition"], one["exposure"], one["delay"])
        for each in windows.values()
        for one in each
    ]
    opened = [
        (
            text(frozen_at),
            [sum(cells[6 * i : 6 * i + 6]) for i in range(8)],
            [sum(cells[i:48:6]) for i in range(6)],
            list(cells[48:]),
        )
        for frozen_at, _, _, cells in frozen_sums(folder)
    ]
    assert sorted(opened) == sorted(sums)
    with Embedded(folder) as embedded:
        standing = embedded.member(PartyId("birch")).standing
        standing.catch_up()
        audited = logs.audit(logs.replica_source(standing.replica), quiet, trusted=embedded.consortium)
    # Nothing lost and nothing twice: one report a member and month, and every subject asked about once.
    assert audited.kinds["report"] == audited.counting_reports == len(result.members) * len(result.months)
    assert audited.kinds["inquiry"] == 1
    assert not run_demo(folder, exports, progress=quiet).fresh


@pytest.mark.parametrize("name", ["Bad Name", "UPPER", "x", "-dash", "desk", "steward-1"])
def test_a_file_name_that_is_no_party_id_or_is_taken_leaves_no_trace(tmp_path: Path, name: str) -> None:
    make_folder(tmp_path / "exports")
    (tmp_path / "exports" / "elm.csv").rename(tmp_path / "exports" / f"{name}.csv")
    with pytest.raises(DocumentError):
        run_demo(tmp_path / "demo", tmp_path / "exports", progress=quiet)
    assert not (tmp_path / "demo").exists()


def test_a_folder_without_exports_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    with pytest.raises(NoReceivablesError):
        run_demo(tmp_path / "demo", tmp_path / "exports", progress=quiet)
    assert not (tmp_path / "demo").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "exports")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "letters.txt").write_text("mine")
    with pytest.raises(RejectedError):
        run_demo(tmp_path / "demo", tmp_path / "exports", progress=quiet)
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["letters.txt"]
