"""`hanse risk register`: what may go wrong with each customer, found by rules or entered by people."""

from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Json, Subject, one_of
from node.commands.output import print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.risk.rating import read_kind, read_rating
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.kinds import KIND_WORDS
from node.risk.register.risk import STATE_WORDS, STATES, Risk
from node.risk.register.service import Entry, Said
from node.risk.roles import Actor
from node.texts import formats, mark, tr
from node.texts.catalogue import current

app: Final = new_app(help=mark("The register of risks: found by the policy's rules, entered by people."))

Kind: TypeAlias = Annotated[
    str,
    typer.Option("--kind", metavar="KIND", help=mark("credit, market, operational or legal.")),
]
Owner: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PERSON", show_default=False, help=mark("Who looks after it.")),
]


@app.command(cls=Command, help=mark("Run the policy's rules over all customers."))
@on_own_node
def find(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Find what is new; again it changes nothing."""
    made = own.register.find(actor)
    if as_json:
        print_json(made)
        return
    counts = {name: formats.number(count) for name, count in made.items()}
    print_line(
        tr("New: {found}. Opened again: {reopened}. New figures: {seen}. No longer so: {passed}.", **counts)
    )


@app.command(cls=Command, help=mark("Enter a risk that you see."))
@on_own_node
def add(  # noqa: PLR0913 - one for each option
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    kind: Kind,
    text: Annotated[str, typer.Option(metavar="TEXT", help=mark("What may go wrong."))],
    rate: Annotated[str, typer.Option(metavar="PxI", help=mark("Probability x impact, such as 2x4."))],
    evidence: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", show_default=False, help=mark("What it rests on; once for each piece.")),
    ] = None,
    owner: Owner = None,
    as_json: Json = False,
) -> None:
    """Put it into the register; it is yours unless --owner says whose."""
    entry = Entry(
        kind=read_kind(kind),
        text=text,
        rating=read_rating(rate),
        evidence=tuple(evidence or ()),
        owner=owner,
    )
    asked = own.subject(subject)
    risk = own.register.enter(actor, asked, entry, risk_id=own.calls.new_effect())
    _show([risk], as_json=as_json)


@app.command(cls=Command, help=mark("Accept, mitigate, close or reopen a risk; change its owner or rating."))
@on_own_node
def change(  # noqa: PLR0913 - one for each option
    own: OwnService,
    actor: Actor,
    subject: Subject,
    risk_id: Annotated[str, typer.Argument(metavar="ID", help=mark("The risk's id, as `list` shows it."))],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help=mark("Why."))],
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", show_default=False, help=mark("open, accepted, mitigated or closed.")),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="PxI", show_default=False, help=mark("Probability x impact, such as 2x4.")),
    ] = None,
    owner: Owner = None,
    as_json: Json = False,
) -> None:
    """Write down what becomes of it, and why."""
    rating = None if rate is None else read_rating(rate)
    said = Said(
        reason=reason,
        state=None if state is None else one_of(STATES, state, "--state"),
        owner=owner,
        rating=rating,
    )
    risk = own.register.change(actor, own.subject(subject), risk_id, said)
    _show([risk], as_json=as_json)


@app.command("list", cls=Command, help=mark("List the risks of one customer, or of all."))
@on_own_node
def list_risks(
    own: OwnService,
    actor: Actor,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help=mark("A subject id; all without it."))
    ] = None,
    *,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", show_default=False, help=mark("open, accepted, mitigated or closed.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show risks in the order they were found."""
    asked = None if state is None else one_of(STATES, state, "--state")
    if subject is None:
        found = [risk for _, risk in own.register.listed(actor, state=asked)]
    else:
        risks = own.register.of(actor, own.subject(subject))
        found = [risk for risk in risks if asked in (None, risk.state)]
    _show(found, as_json=as_json, is_list=True)


def _show(risks: list[Risk], *, as_json: bool, is_list: bool = False) -> None:
    if as_json:
        shown = [risk.describe() for risk in risks]
        print_json(shown if is_list else shown[0])
    else:
        _print(risks)


def _print(risks: Iterable[Risk]) -> None:
    language = "zh" if current() == "zh-CN" else "en"
    for risk in risks:
        rating = f"{risk.rating.probability}x{risk.rating.impact}"
        found = tr("found {day}", day=f"{risk.found_at:%Y-%m-%d}")
        owner = tr("owner: {name}", name=risk.owner or "-")
        print_line()
        print_line(risk.text[language])
        print_line("  " + " | ".join([tr(KIND_WORDS[risk.kind]), rating, tr(STATE_WORDS[risk.state])]))
        print_line("  " + " | ".join([found, owner, *_evidence(risk)]))
        print_line(f"  {risk.subject}  {risk.id}")


def _evidence(risk: Risk) -> Iterable[str]:
    from node.risk.signals.catalogue import KINDS  # noqa: PLC0415 - as above

    titles = {str(name): kind.title for name, kind in KINDS.items()}
    for one in risk.evidence:
        if "text" in one:
            yield str(one["text"])
        else:
            value = "-" if one["value"] is None else f"{one['value']:g}"
            yield f"{tr(titles.get(one['signal'], one['signal']))}: {value}"
