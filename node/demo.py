"""`hanse demo`: a whole consortium in one folder, from exports to verified risk reports.

Every step looks at what is stored and does what is missing, so a demo that was stopped at any line goes on to
the same end. `demo.json` says what the folder was made of, `report.json` that it is finished.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from consortium_config.sample import DemoConsortium, demo_document
from consortium_config.texts import LANGUAGES
from hanse_ledger.answer_file import FILE_SUFFIX
from hanse_ledger.errors import NotPermittedError, RejectedError, UnavailableError
from hanse_ledger.ids import Month, PartyId, SubjectId, month_at, month_end, month_text
from node.bootstrap import CONSORTIUM_FILE, DEMO_FILE, PARTIES_FOLDER, Embedded, found
from node.clocks import system_entropy
from node.commands.own_node import own_node
from node.files import is_partial, write_whole
from node.member import MemberNode
from node.own.service import OwnService
from node.receivables.amounts import minor_digits
from node.receivables.export import Export, open_export
from node.receivables.outcome import Reading, Remark
from node.receivables.read import take
from node.receivables.sample import sample_files
from node.receivables.subjectmap import demo_subject
from node.risk.report.files import answer_file_of, as_html, proof_name
from node.risk.report.newest import newest_report
from node.risk.roles import PERSONS, SYSTEM
from node.roles.inquirer import Outcome
from node.texts import current, speak

REPORT_FILE: Final = "report.json"
ANSWERS_FOLDER: Final = "answers"
RISK_FOLDER: Final = "risk"
SAMPLE_FOLDER: Final = "sample"
PURPOSE: Final = "credit-review"
_SAMPLE_SEED: Final = 2024
_INQUIRIES: Final = 24
_ROUNDS_MOST: Final = 50
_LATE_FROM: Final = 2

Progress = Callable[[str, int, int], None]
"""(step, done, of): told as the demo goes on."""


class OtherReceivablesError(RejectedError):
    """The folder was made from other receivables; a demo is never mixed."""

    code = "other_receivables"


class NoReceivablesError(RejectedError):
    """There is nothing in the folder that a demo could be made of."""

    code = "no_receivables"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a finished demo folder holds. `report` is {"answer": answer object, "own": [own part, ...]}."""

    party: PartyId
    members: tuple[PartyId, ...]
    months: tuple[Month, ...]
    customers: int
    invoices: int
    answers: list[dict[str, Any]]
    report: dict[str, Any]
    risk: list[dict[str, Any]]
    """The risk reports on a good and a bad customer, as data."""
    files: tuple[Path, ...]
    refused: tuple[tuple[PartyId, Remark], ...]
    made_up: bool
    fresh: bool = field(default=True)
    """False where the folder was finished already, and nothing was filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What follows from the exports alone (the demo's rules in interfaces.md)."""

    readings: Mapping[PartyId, Reading]
    hashes: Mapping[PartyId, bytes]
    currency: str
    as_of: date
    first: Month
    last: Month

    @property
    def months(self) -> tuple[Month, ...]:
        return tuple(Month(month) for month in range(self.first, self.last + 1))


def run_demo(folder: Path, receivables: Path | None, *, progress: Progress) -> DemoResult:
    """Make or finish the demo in `folder`, or return what a finished one holds.

    Raises OtherReceivablesError for a folder that was made from other exports, and what the reading of an
    export or a party id that cannot be used raises.
    """
    exports = _exports(receivables)
    plan = _plan(exports)
    # Drafted before anything is written: a file name that is no party id leaves no trace.
    demo = None if (folder / CONSORTIUM_FILE).exists() else _draft(plan)
    _begin(folder, exports, plan, made_up=receivables is None)
    if not (folder / REPORT_FILE).exists():
        if demo is not None:
            # What a stopped founding left goes first.
            shutil.rmtree(folder / PARTIES_FOLDER, ignore_errors=True)
            found(folder, demo)
        with Embedded(folder) as embedded:
            _import(embedded, plan, progress)
            _report_months(embedded, plan, progress)
            _employ(folder, plan.readings)
            _warn(folder, embedded, plan.readings)
            _write_report(folder, embedded, plan, progress)
        return _result(folder, plan, fresh=True)
    return _result(folder, plan, fresh=False)


def _exports(receivables: Path | None) -> dict[str, bytes]:
    """Return the exports by file name without its ending: of the folder, or the sample's."""
    if receivables is None:
        files = {Path(name): raw for name, raw in sample_files(seed=_SAMPLE_SEED).items()}
    else:
        files = {path: path.read_bytes() for path in sorted(receivables.glob("*.csv"))}
    exports = {path.stem: raw for path, raw in files.items() if path.suffix == ".csv"}
    if not exports:
        raise NoReceivablesError("no <member>.csv in the folder")
    return exports


def _plan(exports: Mapping[str, bytes]) -> _Plan:
    opened = {PartyId(name): open_export(raw) for name, raw in exports.items()}
    currency = _currency(opened.values())
    days = [day for export in opened.values() if (day := export.last_day()) is not None]
    if not days:
        raise NoReceivablesError("no invoice with a date in the folder")
    as_of = max(days)
    readings = {
        name: take(export, subject_of=demo_subject, currency=currency, rated_currencies=(), as_of=as_of)
        for name, export in opened.items()
    }
    dates = [record.invoice.invoice_date for reading in readings.values() for record in reading.records]
    if not dates:
        raise NoReceivablesError("no line of the folder can be taken")
    last = month_at(as_of)
    return _Plan(
        readings=readings,
        hashes={PartyId(name): hashlib.sha256(raw).digest() for name, raw in exports.items()},
        currency=currency,
        as_of=as_of,
        first=month_at(min(dates)),
        last=last if month_end(last) <= as_of else Month(last - 1),
    )


def _currency(exports: Sequence[Export] | Any) -> str:
    """Return the currency of most invoices, the first by alphabet of equals."""
    counts: Counter[str] = Counter()
    for export in exports:
        counts.update(export.currencies())
    return min(counts, key=lambda currency: (-counts[currency], currency), default="CNY")


def _begin(folder: Path, exports: Mapping[str, bytes], plan: _Plan, *, made_up: bool) -> None:
    """Write down what the folder is made of, or refuse it."""
    names = [[name, hashlib.sha256(raw).hexdigest()] for name, raw in sorted(exports.items())]
    content = {"receivables": names, "as_of": plan.as_of.isoformat(), "made_up": made_up}
    path = folder / DEMO_FILE
    if path.exists():
        if json.loads(path.read_text()) != content:
            raise OtherReceivablesError("this folder was made from other receivables; choose another folder")
        return
    if folder.exists() and not all(is_partial(entry) for entry in folder.iterdir()):
        raise OtherReceivablesError("the folder is not empty and holds no demo; choose another folder")
    write_whole(path, json.dumps(content, indent=1).encode())
    if made_up:
        for name, raw in sample_files(seed=_SAMPLE_SEED).items():
            write_whole(folder / SAMPLE_FOLDER / name, raw)


def _draft(plan: _Plan) -> DemoConsortium:
    return demo_document(
        members=list(plan.readings),
        currency=plan.currency,
        exponent=minor_digits(plan.currency),
        first_month=plan.first,
        entropy=system_entropy,
    )


def _import(embedded: Embedded, plan: _Plan, progress: Progress) -> None:
    for done, (member, reading) in enumerate(plan.readings.items()):
        progress("import", done, len(plan.readings))
        node = embedded.member(member)
        if not node.has_imported(plan.hashes[member]):
            node.import_book(reading, sha256=plan.hashes[member], as_of=plan.as_of)


def _report_months(embedded: Embedded, plan: _Plan, progress: Progress) -> None:
    members = [embedded.member(member) for member in plan.readings]
    for done, month in enumerate(plan.months):
        progress("months", done, len(plan.months))
        if not _is_closed(members[0], month):
            _report_month(embedded, members, month)
    for member in members:
        member.report()
        member.send_bulletin()


def _report_month(embedded: Embedded, members: Sequence[MemberNode], month: Month) -> None:
    """Report and close one month: members report, stewards check until every report has their word."""
    for _ in range(_ROUNDS_MOST):
        for member in members:
            member.report()
        if not _let_work(embedded) and all(_is_done(member, month) for member in members):
            # A demo's clock stands still, so a month has one bulletin period (ADR 0020).
            embedded.pass_period()
            embedded.close_month(month)
            return
    raise UnavailableError(f"the reports of {month_text(month)} do not come to count")


def _let_work(embedded: Embedded) -> int:
    waiting = 0
    for _ in range(_ROUNDS_MOST):
        waiting = embedded.work()
        if not waiting:
            break
    return waiting


def _is_done(member: MemberNode, month: Month) -> bool:
    """Say whether all reports of the month that this member made count, as the log has it."""
    member.standing.catch_up()
    return member.counts(month)


def _is_closed(member: MemberNode, month: Month) -> bool:
    member.standing.catch_up()
    return member.standing.state.closed_at(month) is not None


def _write_report(folder: Path, embedded: Embedded, plan: _Plan, progress: Progress) -> None:
    """Ask about some customers of the first member, and keep the answers; `report.json` comes last."""
    party = min(plan.readings)
    node = embedded.member(party)
    subjects = _subjects(plan, party)
    outcomes = []
    for done, outcome in enumerate(node.inquire_once(subjects, PURPOSE)):
        progress("inquiries", done, len(subjects))
        outcomes.append(outcome)
    shown = max(outcomes, key=_interest)
    answers = [outcome.describe() for outcome in outcomes]
    files = []
    if shown.figures is not None:
        name = f"{ANSWERS_FOLDER}/{shown.request.request_id.hex()}{FILE_SUFFIX}"
        write_whole(folder / name, node.answer_file(shown))
        files.append(name)
    progress("risk", 0, 1)
    risk = _risk_reports(folder, node, party, subjects)
    report = {
        "party": party,
        "answers": answers,
        "report": {
            "answer": shown.describe(),
            "own": [part.describe() for part in node.own_part(shown)],
        },
        "risk": risk,
        "files": [*files, *_write_risk(folder, risk)],
    }
    write_whole(folder / REPORT_FILE, json.dumps(report, ensure_ascii=False, indent=1).encode())


def _subjects(plan: _Plan, party: PartyId) -> list[SubjectId]:
    """Choose the customers that most members have, those of `party` first."""
    members: Counter[SubjectId] = Counter()
    for reading in plan.readings.values():
        members.update({record.subject for record in reading.records})
    own = {record.subject for record in plan.readings[party].records}
    return sorted(members, key=lambda subject: (subject not in own, -members[subject], subject))[:_INQUIRIES]


def _risk_reports(
    folder: Path, node: MemberNode, party: PartyId, subjects: Sequence[SubjectId]
) -> list[dict[str, Any]]:
    """Report on the customer with the best score and the one with the worst, of those asked about."""
    with own_node(folder, party, None) as own:
        run = own.risk.run(subjects)
        scored = [one for one in run.assessments if one.score.score is not None]
        ranked = sorted(scored, key=lambda one: (-(one.score.score or 0), one.subject))
        chosen = dict.fromkeys(one.subject for one in (*ranked[:1], *ranked[-1:]))
        return [newest_report(node, own, SYSTEM, subject, purpose=None) for subject in chosen]


def _employ(folder: Path, members: Iterable[PartyId]) -> None:
    """Let there be a person in each role at each member, called by it: commands need somebody who acts."""
    for member in members:
        with own_node(folder, member, None) as own:
            _employ_at(own)


def _warn(folder: Path, embedded: Embedded, members: Iterable[PartyId]) -> None:
    """Let each member's analyst confirm what its book proposes, and a period bring that to the others."""
    for member in members:
        with own_node(folder, member, None) as own:
            analyst = own.people.actor("analyst")
            for proposal in own.warnings.proposals(analyst):
                own.warnings.confirm(analyst, proposal.subject)
    embedded.pass_period()


def _employ_at(own: OwnService) -> None:
    try:
        admin = own.people.begin("admin").actor
    except NotPermittedError:
        admin = own.people.actor("admin")
    known = {person.name for person in own.people.listed(admin)}
    for role in PERSONS:
        if role not in known:
            own.people.add(admin, role, role)


def _write_risk(folder: Path, risk: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write a page of each risk report in each language, with the answer files beside; return their names."""
    names, spoken = list[str](), current()
    for document in risk:
        number = document["subject"]["id"].rpartition(":")[2]
        for language in LANGUAGES:
            speak(language)
            names.append(f"{RISK_FOLDER}/{number}.{language}.html")
            write_whole(folder / names[-1], as_html(document).encode())
        answer = answer_file_of(document)
        if answer is not None:
            write_whole(folder / RISK_FOLDER / proof_name(document), answer)
    speak(spoken)
    return names


def _interest(outcome: Outcome) -> tuple[int, int]:
    """Prefer what there is most to say about: late or lost rows, then many windows."""
    windows = [] if outcome.figures is None else list(outcome.figures.windows)
    late = sum(sum(window.condition[_LATE_FROM:]) for window in windows if window.condition is not None)
    return late, len(windows)


def _result(folder: Path, plan: _Plan, *, fresh: bool) -> DemoResult:
    stored = json.loads((folder / REPORT_FILE).read_text())
    records = [record for reading in plan.readings.values() for record in reading.records]
    return DemoResult(
        party=PartyId(stored["party"]),
        members=tuple(plan.readings),
        months=plan.months,
        customers=len({record.subject for record in records}),
        invoices=len(records),
        answers=stored["answers"],
        report=stored["report"],
        risk=stored["risk"],
        files=tuple(folder / name for name in [CONSORTIUM_FILE, *stored["files"]]),
        refused=tuple(
            (member, remark) for member, reading in plan.readings.items() for remark in reading.refused
        ),
        made_up=bool(json.loads((folder / DEMO_FILE).read_text())["made_up"]),
        fresh=fresh,
    )
