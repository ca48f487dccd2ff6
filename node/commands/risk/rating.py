"""How commands take classes of probability and impact: `credit=4x5` or `4x5`."""

import re
from collections.abc import Iterable
from typing import Final

from node.commands.options import WrongUsageError, one_of
from node.risk.kinds import KINDS, Rating, RiskKind
from node.texts import tr

_RATING: Final = re.compile(r"([1-5])x([1-5])")


def read_rating(text: str) -> Rating:
    """Read `4x5` as probability 4, impact 5; raise WrongUsageError."""
    found = _RATING.fullmatch(text)
    if found is None:
        raise WrongUsageError(tr("A rating is written as probability x impact, such as 4x5."))
    return Rating(probability=int(found[1]), impact=int(found[2]))


def read_kind(text: str) -> RiskKind:
    """Read the name of a kind of risk; raise WrongUsageError."""
    return one_of(KINDS, text, "KIND")


def read_ratings(texts: Iterable[str]) -> dict[RiskKind, Rating]:
    """Read `credit=4x5`, one for each kind; raise WrongUsageError."""
    pairs = [text.partition("=") for text in texts]
    return {read_kind(kind): read_rating(rating) for kind, _, rating in pairs}
