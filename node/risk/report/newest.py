"""A report with what the network says now: by a node in this process, which can ask it."""

from typing import Any

from hanse_ledger.errors import RejectedError, UnavailableError
from hanse_ledger.ids import SubjectId
from node.member import MemberNode
from node.own.history import outcome_of
from node.own.service import OwnService
from node.risk.roles import Actor, require


def newest_report(
    node: MemberNode, own: OwnService, actor: Actor, subject: SubjectId, *, purpose: str | None
) -> dict[str, Any]:
    """Make the report on a subject; with a `purpose`, from an answer as of the last close.

    The answer file is made where it is missing; a report without it says so.
    """
    require(actor, "report.view")
    node.standing.catch_up()
    state = node.standing.state
    primary, closed = state.primary_of(subject), state.last_closed()
    if purpose is not None and not own.reports.is_current(primary, closed):
        require(actor, "report.ask")
        list(node.inquire([primary], purpose))
    _prove(node, own, primary)
    return own.reports.report(actor, primary, last_closed=closed)


def _prove(node: MemberNode, own: OwnService, subject: SubjectId) -> None:
    request_id = own.reports.unproven(subject)
    if request_id is None:
        return
    try:
        content = node.answer_file(outcome_of(own.history.one(request_id)))
    except (UnavailableError, RejectedError):
        return
    own.reports.keep_proof(request_id, content)
