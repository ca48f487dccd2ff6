"""Asking about subjects: the calls behind `check` and `check_many`."""

from collections.abc import Sequence
from typing import Final

from hanse_client.consortium import believed
from hanse_client.errors import ConfigurationError
from hanse_client.reports import Outcome, Report
from hanse_client.session import Session
from hanse_client.steps import Steps
from hanse_client.verification import Asked, report_of
from hanse_ledger.subjects import parse_subject

SUBJECTS_MOST: Final = 64


def check(session: Session, subject: str, purpose: str) -> Steps[Report]:
    """Ask about one subject; raises what stands in the place of a report."""
    (outcome,) = yield from check_many(session, [subject], purpose)
    return report_of(outcome)


def check_many(session: Session, subjects: Sequence[str], purpose: str) -> Steps[list[Outcome]]:
    """Ask about up to 64 subjects in one inquiry; outcomes come in their order."""
    if not 1 <= len(subjects) <= SUBJECTS_MOST:
        raise ConfigurationError(f"an inquiry is about 1 to {SUBJECTS_MOST} subjects")
    ids = [parse_subject(text).id for text in subjects]
    after_index = session.seen.log_size
    content = {"subjects": ids, "purpose": purpose, "proof": True}
    reply = yield from session.create("/v1/inquiries", content)
    asked = [Asked(subject=subject, purpose=purpose, after_index=after_index) for subject in ids]
    return (yield from believed(session, lambda: session.verifier.outcomes(reply.get("answers"), asked)))
