"""Inquiries of a party's own people: answer objects, or whole answer files where they ask for proofs."""

import json
from functools import partial
from typing import Any, Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, MalformedError, RejectedError, SubjectIdError
from hanse_ledger.fields import as_array
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.member import MemberNode
from node.own.facts import Facts, describe_by_subject
from node.own.history import History, outcome_of
from node.own.replies import as_json
from node.roles.inquirer import Outcome

SUBJECTS_MOST: Final = 64
_TEXT_BYTES_MOST: Final = 1 << 16


def inquire_body(subjects: list[str], purpose: str, *, proof: bool, call: str) -> bytes:
    """Return the message that asks about subjects once for a call, and whether answers come with proofs."""
    return encode([purpose, subjects, proof, call])


def inquire(member: MemberNode, body: bytes) -> bytes:
    """Ask about subjects in one statement; answer objects come in the order asked.

    What was asked under the same call before is not logged again: the stewards send the same answers.
    """
    purpose, typed, with_proof, call = as_array(decode(body, limit=_TEXT_BYTES_MOST), 4, "inquiry")
    if not 1 <= len(typed) <= SUBJECTS_MOST:
        raise MalformedError(f"an inquiry is about 1 to {SUBJECTS_MOST} subjects")
    ids = [_subject(place, text) for place, text in enumerate(typed, 1)]
    member.standing.catch_up()
    asked = [member.standing.state.primary_of(subject) for subject in ids]
    describe = partial(_prove, member) if with_proof else Outcome.describe
    outcomes = list(member.inquire(list(dict.fromkeys(asked)), purpose, call))
    answers = {one.subject: describe(one) for one in outcomes}
    facts = describe_by_subject(Facts(member.standing.database).facts_of_all(answers))
    return as_json({"answers": [answers[subject] for subject in asked], "facts": facts})


def prove(member: MemberNode, request_id: str) -> bytes:
    """Return the answer file of a stored inquiry; raises NotFoundError, RejectedError without figures."""
    row = History(member.standing.database).one(request_id)
    if row.status is None:
        raise RejectedError("the inquiry is not answered yet")
    return member.answer_file(outcome_of(row))


def _prove(member: MemberNode, outcome: Outcome) -> dict[str, Any]:
    """Return an answer file's content where there are figures, and stewards in reach to prove them.

    An answer that cannot be proved now is given without `proof`: it was asked for and is paid for.
    """
    if outcome.figures is None:
        return outcome.describe()
    try:
        content: dict[str, Any] = json.loads(member.answer_file(outcome))
    except LedgerError as error:
        return {**outcome.describe(), "proof_code": error.code}
    return content


def _subject(place: int, text: str) -> SubjectId:
    try:
        return parse_subject(text).id
    except SubjectIdError as error:
        raise SubjectIdError(f"subject {place}: {error}") from error
