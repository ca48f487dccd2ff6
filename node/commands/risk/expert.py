"""`hanse risk expert`: what named people say of a customer beside the model."""

from typing import Annotated, Any, Final, TypeAlias

import typer

from node.commands.options import Json, Subject, one_of, parse_day
from node.commands.output import print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.risk.rating import read_ratings
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.experts import Opinion, Opinions
from node.risk.grades import GRADES, UNKNOWN
from node.risk.kinds import KIND_WORDS
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("What named people say of a customer beside the model."))

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


@app.command(cls=Command, help=mark("Assess a customer; a better grade waits for a second person."))
@on_own_node
def add(  # noqa: PLR0913 - one for each option
    own: OwnService,
    actor: Actor,
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
    as_json: Json = False,
) -> None:
    """Put it in force, or let it wait."""
    opinion = Opinion(
        grade=one_of([one for one in GRADES if one != UNKNOWN], grade.upper(), "--grade"),
        ratings=read_ratings(rate),
        reason=reason,
        evidence=tuple(evidence),
        expires_on=parse_day(expires),
    )
    asked, made = own.subject(subject), own.calls.new_effect()
    _say(own.experts.assess(actor, asked, opinion, assessment_id=made), as_json=as_json)


@app.command(cls=Command, help=mark("Confirm, as a second person, what waits."))
@on_own_node
def confirm(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    assessment_id: AssessmentId,
    *,
    as_json: Json = False,
) -> None:
    """Let a better grade be in force."""
    _say(own.experts.confirm(actor, own.subject(subject), assessment_id), as_json=as_json)


@app.command(
    cls=Command, help=mark("Take an assessment back; one that lowers the grade takes a second person.")
)
@on_own_node
def withdraw(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    assessment_id: AssessmentId,
    *,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Let the model's grade be in force again."""
    _say(own.experts.withdraw(actor, own.subject(subject), assessment_id, reason), as_json=as_json)


@app.command(cls=Command, help=mark("Show all that experts have said of a customer, and what is in force."))
@on_own_node
def history(own: OwnService, actor: Actor, subject: Subject, *, as_json: Json = False) -> None:
    """Show assessments with the newest first."""
    _say(own.experts.view(actor, own.subject(subject)), as_json=as_json, is_whole=True)


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
