"""A founding in words: what a party is about to sign, how far all are, and the next command."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from consortium_config.draft import policy_fields
from consortium_config.texts import field_text
from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.ids import month_text
from node.founding.progress import Progress, Step
from node.texts import current, mark, tr

_STEPS: Final[dict[Step, str]] = {
    "cards": mark("Cards are being collected."),
    "draft": mark("Cards are being collected; when all are there, one founder makes the draft."),
    "key": mark("The stewards are making the token key."),
    "sign": mark("The document is ready; every party reads and signs it."),
    "genesis": mark("All have signed; the first party that orders makes genesis."),
    "node": mark("The consortium is founded; every party sets up its node."),
    "done": mark("The consortium is founded, and this party's node is set up."),
}


def document_lines(consortium: Consortium) -> Iterator[str]:
    """Say what a party signs: who takes part as what, the rules, who orders."""
    yield tr(
        "Consortium {consortium}, from {month}",
        consortium=consortium.id,
        month=month_text(consortium.first_month),
    )
    yield tr("Parties:")
    for party in consortium.parties.values():
        yield f"  {_party(party)}"
    yield tr("The log is ordered by {parties}.", parties=", ".join(consortium.ordering))
    yield tr("Policy:")
    for name, value in policy_fields(consortium.policy).items():
        yield f"  {field_text(f'policy.{name}', current()).name} ({name}): {_value(value)}"
    yield tr("SHA-256 of the document: {hash}", hash=consortium.hash.hex())


def progress_lines(progress: Progress, command: str | None) -> Iterator[str]:
    """Say where a founding stands, who owes what, and what to do."""
    yield tr(_STEPS[progress.step])
    yield tr("Parties so far: {parties}", parties=", ".join(progress.cards) or "-")
    if progress.roster is not None:
        yield tr(
            "Run {run} of key generation; the stewards' fingerprint is {hash}",
            run=progress.run,
            hash=progress.roster,
        )
    for party, name in progress.missing:
        yield tr("Missing from {party}: {file}", party=party, file=name)
    if command is not None:
        yield tr("Next: {command}", command=command)
    elif progress.missing:
        yield tr("Nothing to do here until then.")


def command_for(progress: Progress, *, mail: Path, home: Path | None) -> str | None:
    """Return the command that the party asking gives next, as it is typed; None where it waits."""
    at_mail, at_home = f"--mail {shlex.quote(str(mail))}", f"--dir {shlex.quote(str(home or 'HOME'))}"
    match progress.turn:
        case "cards":
            return (
                f"hanse party new {at_home} {at_mail} --consortium ID --party PARTY --name NAME --role ROLE"
            )
        case "draft":
            return f"hanse consortium draft {at_mail} --policy policy.toml"
        case "key" | "sign" | "genesis":
            return f"hanse consortium {progress.turn} {at_home} {at_mail}"
        case "node":
            return f"hanse node config {at_home} {at_mail} --listen 127.0.0.1:8080"
        case _:
            return None


def _party(party: Party) -> str:
    parts = [party.id, party.name, "/".join(sorted(party.roles))]
    parts += [f"x {party.x}"] if party.x is not None else []
    parts += [party.contributor_group] if party.group else []
    parts += [party.url] if party.url else []
    return ", ".join(parts)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
