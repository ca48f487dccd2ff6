"""`hanse risk expert`: what named people say of a customer beside the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, get_args

import typer

from hanse_ledger.ids import SubjectId
from node.commands.options import Dir, Json, Party, WrongUsageError, parse_day
from node.commands.output import print_json, print_line
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.risk.rating import read_ratings
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.experts import Opinion, Opinions
from node.risk.grades import UNKNOWN, Grade
from node.risk.kinds import KIND_WORDS
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("What named people say of a customer beside the model."))

Subject: TypeAlias = Annotated[str, typer.Argument(metavar="SUBJECT", help=mark("A subject id."))]
AssessmentId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help=mark("The assessment's id, as `history` shows it."))
]
Reason: TypeAlias = Annotated[str, typer.Option(metavar="TEXT", help=mark("Why."))]
STATE_WORDS: Final = {
    "pending": mark("waits for a second person"),
    "in_force": mark("in force"),
    "lapsed": mark("lapsed: the model has got worse"),
    "replaced": mark("replaced"),
    "expired": mark("expired"),
    "withdrawn": mark("withdrawn"),
}
_ID_BYTES: Final = 16


@app.command(cls=Command, help=mark("Assess a customer; a better grade waits for a second person."))
def add(  # noqa: PLR0913 - one for each option
    subject: Subject,
    *,
    grade: Annotated[str, typer.Option(metavar="GRADE", help=mark("A to E."))],
    rate: Annotated[
        list[str],
        typer.Option(
            metavar="KIND=PxI", help=mark("Probability x impact of a kind of risk, such as credit=4x5.")
        ),
    ],
    reason: Reason,
    evidence: Annotated[
        list[str], typer.Option(metavar="TEXT", help=mark("What it rests on; once for each piece."))
    ],
    expires: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help=mark("The last day on which it counts."))
    ],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Put it in force, or let it wait."""
    opinion = Opinion(
        grade=_grade(grade),
        ratings=read_ratings(rate),
        reason=reason,
        evidence=tuple(evidence),
        expires_on=parse_day(expires),
    )

    def assess(own: OwnService, actor: Actor, asked: SubjectId) -> Opinions:
        made = own.entropy(_ID_BYTES).hex()
        return own.experts.assess(actor, asked, opinion, assessment_id=made)

    _say(_done(assess, subject, person, (directory, party, config)), as_json=as_json)


@app.command(cls=Command, help=mark("Confirm, as a second person, what waits."))
def confirm(
    subject: Subject,
    assessment_id: AssessmentId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Let a better grade be in force."""

    def confirm(own: OwnService, actor: Actor, asked: SubjectId) -> Opinions:
        return own.experts.confirm(actor, asked, assessment_id)

    _say(_done(confirm, subject, person, (directory, party, config)), as_json=as_json)


@app.command(
    cls=Command, help=mark("Take an assessment back; one that lowers the grade takes a second person.")
)
def withdraw(
    subject: Subject,
    assessment_id: AssessmentId,
    *,
    reason: Reason,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Let the model's grade be in force again."""

    def withdraw(own: OwnService, actor: Actor, asked: SubjectId) -> Opinions:
        return own.experts.withdraw(actor, asked, assessment_id, reason)

    _say(_done(withdraw, subject, person, (directory, party, config)), as_json=as_json)


@app.command(cls=Command, help=mark("Show all that experts have said of a customer, and what is in force."))
def history(
    subject: Subject,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show assessments with the newest first."""

    def view(own: OwnService, actor: Actor, asked: SubjectId) -> Opinions:
        return own.experts.view(actor, asked)

    _say(_done(view, subject, person, (directory, party, config)), as_json=as_json, is_whole=True)


def _done(
    act: Callable[[OwnService, Actor, SubjectId], Opinions],
    subject: str,
    person: str | None,
    where: tuple[Path | None, str | None, Path | None],
) -> Opinions:
    with own_node(*where) as own:
        return act(own, acting(own, person), own.subject(subject))


def _grade(text: str) -> Grade:
    grades: tuple[Grade, ...] = get_args(Grade)
    for grade in grades:
        if grade == text.upper() and grade != UNKNOWN:
            return grade
    raise WrongUsageError(tr("--grade is one of A, B, C, D, E."))


def _say(found: Opinions, *, as_json: bool, is_whole: bool = False) -> None:
    shown = found.describe()
    if as_json:
        print_json(shown)
        return
    whose = tr("the model's") if shown["in_force"] == "model" else tr("an expert's")
    print_line(
        tr(
            "Grade in force: {grade}, {whose}. The model's grade is {model}.",
            grade=shown["grade"],
            whose=whose,
            model=shown["model_grade"],
        )
    )
    _print(shown["assessments"] if is_whole else shown["assessments"][:1])


def _print(assessments: list[dict[str, Any]]) -> None:
    for one in assessments:
        ratings = [
            f"{tr(KIND_WORDS[kind])} {rating['probability']}x{rating['impact']}"
            for kind, rating in one["ratings"].items()
        ]
        confirmed = (
            [] if one["confirmed_by"] is None else [tr("confirmed by {name}", name=one["confirmed_by"])]
        )
        until = tr("until {day}", day=one["expires_on"])
        print_line()
        print_line(f"{one['grade']}: {one['reason']}")
        print_line("  " + " | ".join([tr(STATE_WORDS[one["state"]]), until, *ratings]))
        print_line("  " + " | ".join([tr("by {name}", name=one["by"]), *confirmed, *one["evidence"]]))
        print_line(f"  {one['id']}")
