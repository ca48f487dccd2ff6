"""What a firm's own systems call: asks its Hanse node, and verifies what it gets.

`Hanse` and `AsyncHanse` are the client; `hanse_client.errors` has all that a call can raise;
`hanse_client.testing` a node for the tests of those who use it.
"""

from hanse_client.assessments import Assessment, Decision, Onboarding, Reason
from hanse_client.async_client import AsyncHanse
from hanse_client.client import Hanse
from hanse_client.config import Limits
from hanse_client.consortium import ConsortiumStatus, LogStatus
from hanse_client.customers import Customer, Match, Matches, Upload
from hanse_client.errors import HanseError, RejectedError, UnavailableError, VerificationError
from hanse_client.history import Inquiry
from hanse_client.imports import Import, Remark
from hanse_client.portfolios import Portfolio, PortfolioAnswer, Progress
from hanse_client.reporting import Reporting
from hanse_client.reports import Coverage, Outcome, Report, Unanswered, Window
from hanse_client.trust import Trust

__all__ = [
    "Assessment",
    "AsyncHanse",
    "ConsortiumStatus",
    "Coverage",
    "Customer",
    "Decision",
    "Hanse",
    "HanseError",
    "Import",
    "Inquiry",
    "Limits",
    "LogStatus",
    "Match",
    "Matches",
    "Onboarding",
    "Outcome",
    "Portfolio",
    "PortfolioAnswer",
    "Progress",
    "Reason",
    "RejectedError",
    "Remark",
    "Report",
    "Reporting",
    "Trust",
    "Unanswered",
    "UnavailableError",
    "Upload",
    "VerificationError",
    "Window",
]
