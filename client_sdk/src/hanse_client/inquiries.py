"""Asking about subjects: the calls behind `check` and `check_many`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hanse_client.assessments import Assessment, assessment_of
from hanse_client.consortium import believed
from hanse_client.errors import AccessError, ConfigurationError, NotFoundError
from hanse_client.reports import Outcome, Report, Unanswered
from hanse_client.session import Session
from hanse_client.steps import Steps, get, path_of
from hanse_client.verification import Asked, report_of
from hanse_ledger.subjects import parse_subject

SUBJECTS_MOST: Final = 64
_SUBJECTS: Final = "/v1/subjects"


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
    outcomes = yield from believed(session, lambda: session.verifier.outcomes(reply.get("answers"), asked))
    return (yield from _assessed(session, outcomes))


def _assessed(session: Session, outcomes: Sequence[Outcome]) -> Steps[list[Outcome]]:
    """Add the node's assessment to each report, each subject's once; a refusal holds for all."""
    known: dict[str, Assessment | str] = {}
    found = list[Outcome]()
    for outcome in outcomes:
        if isinstance(outcome, Unanswered):
            found.append(outcome)
            continue
        refused = next((one for one in known.values() if isinstance(one, str)), None)
        if outcome.subject not in known:
            known[outcome.subject] = refused or (yield from _assessment(session, outcome.subject))
        said = known[outcome.subject]
        if isinstance(said, str):
            found.append(replace(outcome, unassessed=said))
        else:
            found.append(replace(outcome, assessment=said))
    return found


def _assessment(session: Session, subject: str) -> Steps[Assessment | str]:
    """Fetch the node's assessment of a subject; the refusal's code where this API key is given none."""
    try:
        content = yield from session.read(get(path_of(_SUBJECTS, subject, "assessment")))
    except (AccessError, NotFoundError) as error:
        return error.problem.code
    return assessment_of(content)
