"""`hanse inquire`: log an inquiry, ask the stewards, print what they agree on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hanse_ledger.answer_file import FILE_SUFFIX, encode_content
from hanse_ledger.consortium import DESK, MEMBER, Consortium
from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.commands.asked_node import AskedNode, on_asked_node
from node.commands.options import Json, WrongUsageError, file_option
from node.commands.output import new_console, print_json, progress, refuse, say
from node.commands.remote import RemoteNode
from node.commands.tree import Command, new_app
from node.files import write_whole
from node.member import MemberNode
from node.own.facts import Facts, describe_by_subject
from node.own.parts import OwnPart
from node.roles.inquirer import Outcome
from node.texts import mark, tr

_BAD_SHOWN: Final = 10
_REMOTE_MOST: Final = 64
_PROOFS: Final = frozenset({"proof", "proof_code"})
_FAILED: Final = frozenset({"refused", "disagreement"})

app: Final = new_app()


@app.command(cls=Command, help=mark("Log an inquiry and print what the stewards agree on."))
@on_asked_node
def inquire(
    node: AskedNode,
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUBJECT",
            show_default=False,
            help=mark("Subject ids, such as uscc:91350100M000100Y43."),
        ),
    ] = None,
    *,
    purpose: Annotated[
        str, typer.Option(metavar="PURPOSE", help=mark("Why you ask: one of the consortium's purposes."))
    ],
    subjects_file: Annotated[
        Path | None,
        file_option(mark("More subject ids, one a line.")),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            show_default=False,
            help=mark("Write answer files: a file for one subject, or a folder."),
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help=mark("A whole report for each subject."))] = False,
    as_json: Json = False,
) -> None:
    """Check all ids first; then one statement logs them all."""
    typed = [*(subjects or []), *_listed(subjects_file)]
    if not typed:
        raise WrongUsageError(tr("SUBJECT or --subjects-file says who is asked about."))
    ids = check_ids(typed)
    if node.remote is not None:
        asked = _ask_remote(node.remote, ids, purpose, out)
    else:
        with node.member(MEMBER, DESK) as member:
            asked = _ask_embedded(member, ids, purpose, out)
    if as_json:
        print_json(asked.answers)
    else:
        _print(asked, is_full=full or len({answer["subject"] for answer in asked.answers}) == 1)
    if any(answer["status"] in _FAILED for answer in asked.answers):
        refuse()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Answer objects in the order asked, what to read them against, and the asker's own part of each."""

    answers: Sequence[Mapping[str, Any]]
    consortium: Consortium
    own: Mapping[SubjectId, Sequence[OwnPart]] | None
    """None where it is not known."""
    facts: Mapping[SubjectId, Sequence[Mapping[str, Any]]]
    """Public facts that stand on a subject, by the id that was asked about."""


def _ask_embedded(member: MemberNode, ids: Sequence[SubjectId], purpose: str, out: str | None) -> _Asked:
    member.standing.catch_up()
    asked = [member.standing.state.primary_of(subject) for subject in ids]
    outcomes = _ask(member, list(dict.fromkeys(asked)), purpose)
    if out is not None:
        made = {one.request.request_id.hex(): _answer_file(member, one) for one in outcomes.values()}
        _write_files(made, out)
    return _Asked(
        answers=[outcomes[subject].describe() for subject in asked],
        consortium=member.standing.in_force,
        own={subject: member.own_part(outcome) for subject, outcome in outcomes.items()},
        facts=describe_by_subject(Facts(member.standing.database).facts_of_all(asked)),
    )


def _ask_remote(node: RemoteNode, ids: Sequence[SubjectId], purpose: str, out: str | None) -> _Asked:
    """Ask a running node, as many subjects at once as it takes; it keeps its own rows to itself."""
    distinct, answers = list(dict.fromkeys(ids)), dict[SubjectId, dict[str, Any]]()
    facts = dict[SubjectId, list[dict[str, Any]]]()
    with progress(lambda _: tr("Answers")) as step:
        for start in range(0, len(distinct), _REMOTE_MOST):
            part = distinct[start : start + _REMOTE_MOST]
            content = {"subjects": part, "purpose": purpose, "proof": out is not None}
            reply = node.ask("POST", "/v1/inquiries", content)
            answers.update(zip(part, reply["answers"], strict=True))
            facts |= reply.get("facts", {})
            step("", len(answers), len(distinct))
    if out is not None:
        files = {a["request_id"]: encode_content(a) if "proof" in a else None for a in answers.values()}
        _write_files(files, out)
    in_order = [
        {name: value for name, value in answers[subject].items() if name not in _PROOFS} for subject in ids
    ]
    return _Asked(answers=in_order, consortium=node.consortium(), own=None, facts=facts)


def check_ids(typed: Sequence[str]) -> list[SubjectId]:
    """Return the canonical ids; raise SubjectIdError that names the places of the bad ones, from 1."""
    ids, bad = list[SubjectId](), list[str]()
    for place, text in enumerate(typed, 1):
        try:
            ids.append(parse_subject(text).id)
        except SubjectIdError as error:
            bad.append(tr("subject {place}: {problem}", place=place, problem=error))
    if bad:
        more = [] if len(bad) <= _BAD_SHOWN else [tr("and {count} more", count=len(bad) - _BAD_SHOWN)]
        raise SubjectIdError("; ".join([*bad[:_BAD_SHOWN], *more]))
    return ids


def _listed(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise WrongUsageError(tr("The file of subject ids is not UTF-8 text.")) from None
    return [line.strip() for line in lines if line.strip()]


def _ask(member: MemberNode, subjects: Sequence[SubjectId], purpose: str) -> dict[SubjectId, Outcome]:
    outcomes: dict[SubjectId, Outcome] = {}
    with progress(lambda _: tr("Answers")) as step:
        for outcome in member.inquire(subjects, purpose):
            outcomes[outcome.subject] = outcome
            step("", len(outcomes), len(subjects))
    return outcomes


def _answer_file(member: MemberNode, outcome: Outcome) -> bytes | None:
    return None if outcome.figures is None else member.answer_file(outcome)


def _write_files(made: Mapping[str, bytes | None], out: str) -> None:
    """Write one file for each request id with figures; for one request, `out` may be the file itself."""
    path = Path(out)
    is_folder = path.is_dir() or out.endswith("/") or len(made) > 1
    for request_id, content in made.items():
        if content is None:
            say(tr("No answer file for request {id}: there are no figures.", id=request_id))
            continue
        target = path / f"{request_id}{FILE_SUFFIX}" if is_folder else path
        write_whole(target, content)
        say(tr("Written: {path}", path=target))


def _print(asked: _Asked, *, is_full: bool) -> None:
    from node.rendering.answers import print_answer  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.figures import frame_of, own_from  # noqa: PLC0415
    from node.rendering.portfolio import print_portfolio  # noqa: PLC0415

    console, frame = new_console(), frame_of(asked.consortium)
    parts = None
    if asked.own is not None:
        parts = {
            subject: [own_from(part.condition, part.exposure, part.delay, part.rows) for part in mine]
            for subject, mine in asked.own.items()
        }
    if is_full:
        for answer in asked.answers:
            own = None if parts is None else parts[answer["subject"]]
            print_answer(console, answer, frame, own, asked.facts.get(answer["subject"], ()))
    else:
        facts = [fact for known in asked.facts.values() for fact in known]
        print_portfolio(console, asked.answers, frame, parts, facts)
