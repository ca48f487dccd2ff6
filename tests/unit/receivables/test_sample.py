import csv
import hashlib
import io
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from node.receivables.export import open_export
from node.receivables.read import read_receivables
from node.receivables.sample import LAST_DAY, MEMBERS, sample_files, write_sample
from node.receivables.subjectmap import demo_subject

SEED = 20_251_231


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return sample_files(seed=SEED)


@pytest.fixture(scope="module")
def lines(files: dict[str, bytes]) -> dict[str, list[dict[str, str]]]:
    return {member: list(csv.DictReader(io.StringIO(files[f"{member}.csv"].decode()))) for member in MEMBERS}


def test_the_same_seed_gives_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert sample_files(seed=SEED) == files
    assert sample_files(seed=SEED + 1) != files
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    assert digest == "46d3885f1fe5db69551e18464438721504056c64bcaf9c4ff49f0459f1b5c2c1"


def test_every_line_is_taken_without_a_remark(files: dict[str, bytes]) -> None:
    assert set(files) == {f"{member}.csv" for member in MEMBERS} | {"README.txt"}
    for member in MEMBERS:
        reading = read_receivables(
            files[f"{member}.csv"], subject_of=demo_subject, currency="CNY", as_of=LAST_DAY
        )
        assert (reading.refused, reading.left_out, reading.notes) == ((), (), ())
        assert len(reading.records) == reading.lines > 1000


@pytest.mark.parametrize("seed", range(3))
def test_eighteen_whole_months(seed: int) -> None:
    made = sample_files(seed=seed)
    exports = [open_export(made[f"{member}.csv"]) for member in MEMBERS]
    assert max(export.last_day() or date.min for export in exports) == LAST_DAY
    days = [str(export.cell(line, "invoice_date")) for export in exports for line in export.lines]
    assert min(days)[:7] == "2024-07"
    assert len({day[:7] for day in days}) == 18
    assert 12_000 <= len(days) <= 16_000


def test_customers_buy_from_several_members(lines: dict[str, list[dict[str, str]]]) -> None:
    sellers = defaultdict(set)
    for member, sold in lines.items():
        for line in sold:
            sellers[line["customer"]].add(member)
    counts = Counter(len(found) for found in sellers.values())
    assert len(sellers) == 300
    assert min(counts) >= 2
    assert max(counts) == 7
    assert sum(counts[n] for n in (3, 4, 5, 6, 7)) > 290


def test_some_fail_and_most_do_not(lines: dict[str, list[dict[str, str]]]) -> None:
    sold = [line for found in lines.values() for line in found]
    ends = {
        (line["customer"], line["status"])
        for line in sold
        if line["status"] in {"collection", "insolvent", "charged_off"}
    }
    assert {status for _, status in ends} == {"collection", "insolvent", "charged_off"}
    assert 10 <= len(ends) <= 40
    late = [
        (date.fromisoformat(line["paid_date"]) - date.fromisoformat(line["due_date"])).days
        for line in sold
        if line["paid_date"]
    ]
    assert 0.3 < sum(days > 0 for days in late) / len(late) < 0.7
    assert sum(days > 60 for days in late) / len(late) < 0.1


def test_it_is_written_with_a_word_that_it_is_made_up(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_sample(folder, seed=5, customers=3)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == sample_files(seed=5, customers=3)
    assert (folder / "README.txt").read_text().startswith("Made-up data")
