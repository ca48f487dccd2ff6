"""Which subject a path is about: any id that people write, as its primary id."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Path

from api.deps import Node
from hanse_ledger.ids import SubjectId


def subject_of(
    service: Node,
    subject: Annotated[
        str, Path(min_length=1, max_length=200, description="A subject id, or an alias of one.")
    ],
) -> SubjectId:
    """Return the primary id of the path's subject; raises SubjectIdError."""
    return service.own.subject(subject)


About: TypeAlias = Annotated[SubjectId, Depends(subject_of)]
"""A route's parameter, for a path with `{subject}`."""
