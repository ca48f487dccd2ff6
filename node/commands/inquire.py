"""`hanse inquire`: log an inquiry, ask the stewards, print what they agree on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hanse_ledger.answer_file import FILE_SUFFIX
from hanse_ledger.consortium import DESK, MEMBER, Consortium
from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.commands.nodes import consortium_in, pick_party
from node.commands.options import Dir, Json, Party, WrongUsageError
from node.commands.output import new_console, print_json, progress, refuse, say
from node.commands.tree import Command, new_app
from node.files import write_whole
from node.member import MemberNode, OwnPart
from node.roles.inquirer import Outcome
from node.texts import mark, tr

_BAD_SHOWN: Final = 10
_FAILED: Final = frozenset({"refused", "disagreement"})

app: Final = new_app()


@app.command(cls=Command, help=mark("Log an inquiry and print what the stewards agree on."))
def inquire(
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
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            show_default=False,
            help=mark("More subject ids, one a line."),
        ),
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
    directory: Dir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Check all ids first; then one statement logs them all."""
    typed = [*(subjects or []), *_listed(subjects_file)]
    if not typed:
        raise WrongUsageError(tr("SUBJECT or --subjects-file says who is asked about."))
    ids = check_ids(typed)
    with consortium_in(directory) as embedded:
        member = embedded.member(pick_party(embedded.consortium, party, MEMBER, DESK))
        member.standing.catch_up()
        asked = [member.standing.state.primary_of(subject) for subject in ids]
        outcomes = _ask(member, list(dict.fromkeys(asked)), purpose)
        own = None if as_json else {s: member.own_part(outcome) for s, outcome in outcomes.items()}
        if out is not None:
            _write_files(member, list(outcomes.values()), out)
        consortium = embedded.consortium
    answers = [outcomes[subject].describe() for subject in asked]
    if own is None:
        print_json(answers)
    else:
        _print(answers, consortium, own, is_full=full or len(outcomes) == 1)
    if any(outcome.status in _FAILED for outcome in outcomes.values()):
        refuse()


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


def _write_files(member: MemberNode, outcomes: Sequence[Outcome], out: str) -> None:
    """Write one file for each outcome with figures; for one subject, `out` may be the file itself."""
    path = Path(out)
    is_folder = path.is_dir() or out.endswith("/") or len(outcomes) > 1
    for outcome in outcomes:
        if outcome.figures is None:
            say(
                tr(
                    "No answer file for request {id}: there are no figures.",
                    id=outcome.request.request_id.hex(),
                )
            )
            continue
        name = f"{outcome.request.request_id.hex()}{FILE_SUFFIX}"
        target = path / name if is_folder else path
        write_whole(target, member.answer_file(outcome))
        say(tr("Written: {path}", path=target))


def _print(
    answers: Sequence[Mapping[str, Any]],
    consortium: Consortium,
    own: Mapping[SubjectId, Sequence[OwnPart]],
    *,
    is_full: bool,
) -> None:
    from node.rendering.answers import print_answer  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.figures import frame_of, own_from  # noqa: PLC0415
    from node.rendering.portfolio import print_portfolio  # noqa: PLC0415

    console, frame = new_console(), frame_of(consortium)
    parts = {
        subject: [own_from(part.condition, part.exposure, part.delay, part.rows) for part in mine]
        for subject, mine in own.items()
    }
    if is_full:
        for answer in answers:
            print_answer(console, answer, frame, parts[answer["subject"]])
    else:
        print_portfolio(console, answers, frame, parts)
