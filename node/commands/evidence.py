"""`hanse log evidence`: a file that says whoever orders a log broke its word, checked offline."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hanse_ledger.consortium import parse_document
from hanse_ledger.misbehaviour import DoubleVote, Fork, Refused, Shrunk, Withheld, verify_evidence
from hanse_ledger.misbehaviour_file import parse_evidence
from hanse_ledger.witnessing import policy_of
from node.commands.options import Json, file_option
from node.commands.output import print_json, print_line
from node.texts import mark, tr

_FORK: Final = mark(
    "A fork: two signed trees of {small} and {large} statements, neither the beginning of the other."
)
_SHRUNK: Final = mark(
    "{large} statements were signed, then {small} shown; which came first is the keeper's word."
)
_REFUSED: Final = mark(
    "Statement {index} stands in the signed log; why it is refused ({code}) a replay shows."
)
_WITHHELD: Final = mark("Between {small} and {large} statements the log passed over a signed statement.")

_DOUBLE_VOTE: Final = mark("The validator with the log key {key} has voted twice at height {height}.")


def run(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help=mark("The evidence."))
    ],
    *,
    consortium: Annotated[
        Path,
        file_option(mark("The consortium document whose log keys count.")),
    ],
    as_json: Json = False,
) -> None:
    """Say what is proved; what does not hold raises."""
    found = parse_evidence(file.read_bytes())
    verify_evidence(found, policy_of(parse_document(consortium.read_bytes())))
    values: dict[str, object]
    match found:
        case Fork():
            kind, sentence = "fork", _FORK
            values = {"small": found.smaller.checkpoint.size, "large": found.larger.checkpoint.size}
        case Shrunk():
            kind, sentence = "shrunk", _SHRUNK
            values = {"small": found.after.checkpoint.size, "large": found.before.checkpoint.size}
        case Refused():
            kind, sentence = "refused", _REFUSED
            values = {"index": found.index, "code": found.code}
        case Withheld():
            kind, sentence = "withheld", _WITHHELD
            values = {"small": found.before.checkpoint.size, "large": found.after.checkpoint.size}
        case DoubleVote():
            kind, sentence = "double_vote", _DOUBLE_VOTE
            values = {"key": found.key.hex(), "height": found.first.height}
    if as_json:
        print_json({"kind": kind, "holds": True, **values})
    else:
        print_line(tr(sentence, **values))
