"""When what stewards have replied settles what becomes of requests (section 9)."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from hanse_ledger.errors import DisagreementError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.answer import Answer, combine_answers

Opened: TypeAlias = tuple[bytes, Answer]
"""A signed answer as opened, and what it says."""
Replies: TypeAlias = dict[StewardX, list[Opened | str | None]]
"""What each steward replied to each request of a batch: an answer, a code, or nothing that opens."""

BEHIND: Final = "behind"
"""The code of a steward whose copy of the log does not hold the inquiry yet."""
SETTLING: Final = 3
"""So many stewards that agree need no other: a checked answer."""


def are_settled(replies: Replies, count: int) -> bool:
    """Return whether no further steward's reply would change what becomes of any of `count` requests."""
    of_each = ({x: reply[i] for x, reply in replies.items()} for i in range(count))
    return len(replies) >= SETTLING and all(map(_is_settled, of_each))


def _is_settled(replies: Mapping[StewardX, Opened | str | None]) -> bool:
    """Return whether three stewards agree or three refuse: a fourth could add its name and no more."""
    if sum(isinstance(reply, str) for reply in replies.values()) >= SETTLING:
        return True
    answers = {x: reply[1] for x, reply in replies.items() if isinstance(reply, tuple)}
    if len(answers) < SETTLING:
        return False
    try:
        combine_answers(answers)
    except DisagreementError:
        return False
    return True
