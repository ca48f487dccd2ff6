"""The client for threads. Every call is written once, as steps; here they are only carried out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx

from hanse_client import consortium, history, imports, inquiries, portfolios, reporting
from hanse_client import customers as customer_list
from hanse_client.config import Limits, Surroundings
from hanse_client.consortium import ConsortiumStatus, LogStatus
from hanse_client.customers import Customer, Matches, Upload
from hanse_client.drivers import run
from hanse_client.history import Inquiry
from hanse_client.imports import Export, Import, Remark
from hanse_client.listings import Listing, page
from hanse_client.portfolios import Portfolio, PortfolioAnswer
from hanse_client.reporting import Reporting
from hanse_client.reports import Outcome, Report
from hanse_client.setting import Client
from hanse_client.steps import Steps, T
from hanse_client.trust import TrustSource


class Hanse(Client):
    """A firm's connection to its own node.

    `base_url` is the node's; https, or http on loopback (elsewhere with `allow_http`). `trust` is the
    consortium document that every answer is verified against: a path, its bytes or the parsed JSON, read once
    and pinned. `party` is whose node this is; without it, the first verified answer says so for all that
    follow. `transport` takes the place of TLS over TCP, for a proxy or a fake. Raises ConfigurationError or
    DocumentError.

    Every call may raise RefusedError (its kinds and `problem.code` say why), VerificationError, or
    NodeUnavailableError after the retries that `limits` allow. Any number of threads may use one client.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        trust: TrustSource,
        party: str | None = None,
        limits: Limits | None = None,
        allow_http: bool = False,
        transport: httpx.BaseTransport | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        super().__init__(
            base_url,
            api_key=api_key,
            trust=trust,
            party=party,
            limits=limits,
            allow_http=allow_http,
            surroundings=surroundings,
        )
        self._transport = transport or httpx.HTTPTransport()

    def check(self, subject: str, *, purpose: str) -> Report:
        """Ask about one subject: `kind:part`, such as `uscc:91350100M000100Y43`, as people write it.

        Logs one inquiry. A subject that nobody knows, or too few, has the coverage `none` and raises nothing.
        Raises SubjectIdError before anything is sent; LimitError over budget; DisagreementError where the
        stewards' answers do not fit together; AliasError where the log has another primary id for the
        subject; VerificationError and its kinds for anything that does not follow from proof and `trust`.
        """
        return self._run(inquiries.check(self._session, subject, purpose))

    def check_many(self, subjects: Sequence[str], *, purpose: str) -> list[Outcome]:
        """Ask about 1 to 64 subjects in one inquiry; outcomes come in their order.

        A subject that was refused, or on which the stewards do not agree, is an `Unanswered` with the error
        that `check` would raise. What does not verify raises for all.
        """
        return self._run(inquiries.check_many(self._session, subjects, purpose))

    def new_portfolio(self, subjects: Sequence[str], *, name: str, purpose: str) -> Portfolio:
        """Let the node ask about up to 100,000 subjects, by itself and through restarts.

        Ids, or numbers of customers on the firm's own list. One that is neither is refused by itself. Needs
        the scope `portfolios:write`.
        """
        return self._run(portfolios.new(self._session, subjects, name, purpose))

    def portfolio(self, portfolio_id: str) -> Portfolio:
        """Fetch a portfolio with its progress. Needs the scope `portfolios:read`."""
        return self._run(portfolios.one(self._session, portfolio_id))

    def wait_for_portfolio(
        self, portfolio_id: str, *, poll_s: float = 2.0, timeout_s: float | None = None
    ) -> Portfolio:
        """Wait until a portfolio no longer runs; NodeUnavailableError when `timeout_s` is over before."""
        return self._run(portfolios.wait(self._session, portfolio_id, poll_s, timeout_s))

    def portfolios(self) -> Iterator[Portfolio]:
        """Go through all portfolios, the newest first, without their progress."""
        return self._each(portfolios.listed())

    def portfolio_answers(self, portfolio_id: str) -> Iterator[PortfolioAnswer]:
        """Go through what the node says became of each subject, in the order brought, without figures."""
        return self._each(portfolios.answers(portfolio_id))

    def portfolio_reports(
        self, portfolio_id: str, *, after_index: int = 0
    ) -> Iterator[tuple[PortfolioAnswer, Outcome]]:
        """Go through a portfolio's answers with the verified report of each: one request for every subject.

        `after_index` is the size of the log before it was begun (`log().size`): answers to older inquiries
        are refused then. Where an id is an alias, its outcome has AliasError. Needs the scope
        `inquiries:read` too.
        """
        purpose = self.portfolio(portfolio_id).purpose
        for answer in self.portfolio_answers(portfolio_id):
            yield answer, self._run(portfolios.outcome(self._session, answer, purpose, after_index))

    def cancel_portfolio(self, portfolio_id: str) -> Portfolio:
        """Let the node ask for nothing more; what it has asked stays. ConflictError for one that is done."""
        return self._run(portfolios.cancel(self._session, portfolio_id))

    def resume_portfolio(self, portfolio_id: str) -> Portfolio:
        """Let the node go on with one that was cancelled, or for which no budget was left."""
        return self._run(portfolios.resume(self._session, portfolio_id))

    def inquiries(self) -> Iterator[Inquiry]:
        """Go through what the firm has asked, the newest first, without figures. Scope `inquiries:read`."""
        return self._each(history.listed())

    def report(self, request_id: str, *, subject: str, purpose: str) -> Report:
        """Fetch and verify the answer to an inquiry that was made before; how old it is, the report says.

        RefusedError for one without figures; else as `check` raises.
        """
        return self._run(history.report(self._session, request_id, subject, purpose))

    def preview_import(
        self, export: Export, *, as_of: date | None = None, columns: Mapping[str, Any] | None = None
    ) -> Import:
        """Show what an import of the firm's receivables would take and refuse; nothing is taken.

        `export` is a CSV file or .xlsx workbook, its path or its bytes; `as_of` its day, today without one;
        `columns` a mapping (docs/receivables.md) where its columns have names of their own. Needs the scope
        `imports:write`. Raises RefusedError for a file that cannot be read as a whole.
        """
        return self._run(imports.preview(self._session, imports.read_export(export), as_of, columns))

    def confirm_import(self, import_id: str, *, skip_refused: bool = False) -> Import:
        """Take a previewed import, as a whole or not at all; again changes nothing.

        Where lines are refused, only with `skip_refused`, which takes the others; else RefusedError.
        ConflictError for one that was discarded.
        """
        return self._run(imports.confirm(self._session, import_id, skip_refused=skip_refused))

    def discard_import(self, import_id: str) -> Import:
        """Throw a preview away; again changes nothing. ConflictError once it is taken."""
        return self._run(imports.discard(self._session, import_id))

    def import_status(self, import_id: str) -> Import:
        """Fetch an import as it stands; NotFoundError."""
        return self._run(imports.one(self._session, import_id))

    def imports(self) -> Iterator[Import]:
        """Go through all imports, the newest first. Needs the scope `imports:read`."""
        return self._each(imports.listed())

    def refused_lines(self, import_id: str) -> Iterator[Remark]:
        """Go through every line that an import refuses."""
        return self._each(imports.refused(import_id))

    def unmatched_customers(self, import_id: str) -> Iterator[str]:
        """Go through every customer of an import that has no subject."""
        return self._each(imports.unmatched(import_id))

    def upload_customers(self, customers: Export) -> Upload:
        """Add customers from a CSV file or workbook, or update them; needs the scope `subjects:write`.

        Its columns are customer, name and perhaps subject. Customers that it does not name stay.
        """
        return self._run(customer_list.upload(self._session, imports.read_export(customers)))

    def customers(self, *, without_subject: bool = False) -> Iterator[Customer]:
        """Go through the firm's customers, or only those that nobody has matched. Scope `subjects:read`."""
        return self._each(customer_list.listed(without_subject=without_subject))

    def set_customer(self, customer: str, *, name: str = "", subject: str | None = None) -> Customer:
        """Say which subject a customer is, or that nobody knows yet: imports go by it from now on."""
        return self._run(customer_list.say(self._session, customer, name, subject))

    def match_subject(self, subject: str) -> Matches:
        """Find the firm's customers that are a subject, and its primary id as the node sees it."""
        return self._run(customer_list.match_id(self._session, subject))

    def match_name(self, name: str) -> Matches:
        """Find the customers that a name may mean: candidates, the likeliest first, and no decision."""
        return self._run(customer_list.match_name(self._session, name))

    def reporting(self) -> Reporting:
        """Say how far the firm's reporting for the log month is. Needs the scope `reports:read`."""
        return self._run(reporting.reporting(self._session))

    def consortium(self) -> ConsortiumStatus:
        """Say whether the pinned document is the one that the node has in force."""
        return self._run(consortium.consortium_status(self._session))

    def log(self) -> LogStatus:
        """Fetch the node's newest checkpoint, verified against `trust` and what was seen before."""
        return self._run(consortium.log_status(self._session))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _each(self, listing: Listing[T]) -> Iterator[T]:
        found = self._run(page(self._session, listing, None))
        while True:
            yield from found.items
            if found.next is None:
                return
            found = self._run(page(self._session, listing, found.next))

    def _run(self, steps: Steps[T]) -> T:
        return run(steps, self._transport, self._wire)
