"""What a party's own people and systems ask of its node's thread, by messages; replies are JSON.

Answered only when the caller is the party itself.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.ids import Month, month_text
from node.member import MemberNode
from node.own import disputes, facts, imports, inquiries, reports
from node.own.replies import as_json
from node.own.runner import PortfolioRunner
from node.roles.desk import Desk
from node.roles.receiving import State
from node.roles.steward import Steward
from node.storage.book import last_import_day

WORK: Final = "work"
CLOSE: Final = "close"
ALIASES: Final = "aliases"
LAST_CLOSED: Final = "last-closed"
CONFIRM: Final = "confirm"
INQUIRE: Final = "inquire"
PROVE: Final = "prove"
REPORT: Final = "report"
REPORTED: Final = "reported"
STEP: Final = "portfolio-step"
FILE_FACT: Final = "file-fact"
WITHDRAW_FACT: Final = "withdraw-fact"

Verbs: TypeAlias = Mapping[str, Callable[[bytes], bytes]]


def steward_verbs(steward: Steward, tell: Callable[[State], None]) -> Verbs:
    """Return what a steward's operator may ask; `tell` hears after each work how its values stand."""

    def work(_body: bytes) -> bytes:
        waiting = steward.work()
        tell(steward.shares)
        return as_json({"waiting": waiting})

    def close(body: bytes) -> bytes:
        month = decode(body, limit=16)
        closed = steward.close_month(None if month is None else Month(month))
        return as_json({"month": None if closed is None else month_text(closed)})

    return {WORK: work, CLOSE: close}


def member_verbs(member: MemberNode) -> Verbs:
    """Return what a member's (or desk's) own people may ask."""
    roles = member.standing.party.roles
    contributes = MEMBER in roles

    def work(_body: bytes) -> bytes:
        if contributes:
            member.contests.fetch()
            member.send_bulletin()
        # Reporting by itself begins with the first export: before it, all rows would be empty ones.
        if contributes and _has_book(member):
            return reports.report(member)
        member.standing.catch_up()
        return as_json({})

    runner = PortfolioRunner(member)
    verbs = {
        WORK: work,
        ALIASES: lambda _body: as_json(member.standing.state.aliases),
        LAST_CLOSED: lambda _body: as_json({"month": _last_closed(member)}),
        INQUIRE: lambda body: inquiries.inquire(member, body),
        PROVE: lambda body: inquiries.prove(member, body.decode()),
        STEP: lambda _body: as_json({"more": runner.step()}),
    }
    if DESK in roles:
        verbs |= {**desk_verbs(member.desk), **disputes.desk_verbs(member)}
    if not contributes:
        return verbs
    return {
        **verbs,
        **disputes.contributor_verbs(member),
        CONFIRM: lambda body: _confirm(member, body),
        REPORT: lambda _body: reports.report(member),
        REPORTED: lambda _body: reports.reported(member),
    }


def desk_verbs(desk: Desk) -> Verbs:
    """Return what a desk's own people may ask beside what a member's may."""
    return {
        FILE_FACT: lambda body: facts.file(desk, body),
        WITHDRAW_FACT: lambda body: facts.withdraw(desk, body),
    }


def close_body(month: Month | None) -> bytes:
    """Return the message that closes a month, the log month without one."""
    return encode(month)


def confirm_body(import_id: str, *, skip_refused: bool) -> bytes:
    """Return the message that takes a previewed import."""
    return encode([import_id, skip_refused])


def _confirm(member: MemberNode, body: bytes) -> bytes:
    import_id, skip_refused = decode(body, limit=64)
    return imports.confirm(member, import_id, skip_refused=skip_refused)


def _last_closed(member: MemberNode) -> str | None:
    closed = member.standing.state.last_closed()
    return None if closed is None else month_text(closed)


def _has_book(member: MemberNode) -> bool:
    with member.standing.database.read() as connection:
        return last_import_day(connection) is not None
