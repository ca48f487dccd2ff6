"""The client for asyncio: the same calls, awaited."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx

from hanse_client import consortium, history, imports, inquiries, portfolios, reporting
from hanse_client import customers as customer_list
from hanse_client.config import Limits, Surroundings
from hanse_client.consortium import ConsortiumStatus, LogStatus
from hanse_client.customers import Customer, Matches, Upload
from hanse_client.drivers import run_async
from hanse_client.history import Inquiry
from hanse_client.imports import Export, Import, Remark
from hanse_client.listings import Listing, page
from hanse_client.portfolios import Portfolio, PortfolioAnswer
from hanse_client.reporting import Reporting
from hanse_client.reports import Outcome, Report
from hanse_client.setting import Client
from hanse_client.steps import Steps, T
from hanse_client.trust import TrustSource


class AsyncHanse(Client):
    """`Hanse` for an asyncio event loop: the same methods, awaited. One loop uses one client."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        trust: TrustSource,
        party: str | None = None,
        limits: Limits | None = None,
        allow_http: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
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
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def check(self, subject: str, *, purpose: str) -> Report:
        """See `Hanse.check`."""
        return await self._run(inquiries.check(self._session, subject, purpose))

    async def check_many(self, subjects: Sequence[str], *, purpose: str) -> list[Outcome]:
        """See `Hanse.check_many`."""
        return await self._run(inquiries.check_many(self._session, subjects, purpose))

    async def new_portfolio(self, subjects: Sequence[str], *, name: str, purpose: str) -> Portfolio:
        """See `Hanse.new_portfolio`."""
        return await self._run(portfolios.new(self._session, subjects, name, purpose))

    async def portfolio(self, portfolio_id: str) -> Portfolio:
        """See `Hanse.portfolio`."""
        return await self._run(portfolios.one(self._session, portfolio_id))

    async def wait_for_portfolio(
        self, portfolio_id: str, *, poll_s: float = 2.0, timeout_s: float | None = None
    ) -> Portfolio:
        """See `Hanse.wait_for_portfolio`."""
        return await self._run(portfolios.wait(self._session, portfolio_id, poll_s, timeout_s))

    def portfolios(self) -> AsyncIterator[Portfolio]:
        """See `Hanse.portfolios`."""
        return self._each(portfolios.listed())

    def portfolio_answers(self, portfolio_id: str) -> AsyncIterator[PortfolioAnswer]:
        """See `Hanse.portfolio_answers`."""
        return self._each(portfolios.answers(portfolio_id))

    async def portfolio_reports(
        self, portfolio_id: str, *, after_index: int = 0
    ) -> AsyncIterator[tuple[PortfolioAnswer, Outcome]]:
        """See `Hanse.portfolio_reports`."""
        purpose = (await self.portfolio(portfolio_id)).purpose
        async for answer in self.portfolio_answers(portfolio_id):
            yield answer, await self._run(portfolios.outcome(self._session, answer, purpose, after_index))

    async def cancel_portfolio(self, portfolio_id: str) -> Portfolio:
        """See `Hanse.cancel_portfolio`."""
        return await self._run(portfolios.cancel(self._session, portfolio_id))

    async def resume_portfolio(self, portfolio_id: str) -> Portfolio:
        """See `Hanse.resume_portfolio`."""
        return await self._run(portfolios.resume(self._session, portfolio_id))

    def inquiries(self) -> AsyncIterator[Inquiry]:
        """See `Hanse.inquiries`."""
        return self._each(history.listed())

    async def report(self, request_id: str, *, subject: str, purpose: str) -> Report:
        """See `Hanse.report`."""
        return await self._run(history.report(self._session, request_id, subject, purpose))

    async def preview_import(
        self, export: Export, *, as_of: date | None = None, columns: Mapping[str, Any] | None = None
    ) -> Import:
        """See `Hanse.preview_import`."""
        return await self._run(
            imports.preview(
                self._session, await asyncio.to_thread(imports.read_export, export), as_of, columns
            )
        )

    async def confirm_import(self, import_id: str, *, skip_refused: bool = False) -> Import:
        """See `Hanse.confirm_import`."""
        return await self._run(imports.confirm(self._session, import_id, skip_refused=skip_refused))

    async def discard_import(self, import_id: str) -> Import:
        """See `Hanse.discard_import`."""
        return await self._run(imports.discard(self._session, import_id))

    async def import_status(self, import_id: str) -> Import:
        """See `Hanse.import_status`."""
        return await self._run(imports.one(self._session, import_id))

    def imports(self) -> AsyncIterator[Import]:
        """See `Hanse.imports`."""
        return self._each(imports.listed())

    def refused_lines(self, import_id: str) -> AsyncIterator[Remark]:
        """See `Hanse.refused_lines`."""
        return self._each(imports.refused(import_id))

    def unmatched_customers(self, import_id: str) -> AsyncIterator[str]:
        """See `Hanse.unmatched_customers`."""
        return self._each(imports.unmatched(import_id))

    async def upload_customers(self, customers: Export) -> Upload:
        """See `Hanse.upload_customers`."""
        return await self._run(
            customer_list.upload(self._session, await asyncio.to_thread(imports.read_export, customers))
        )

    def customers(self, *, without_subject: bool = False) -> AsyncIterator[Customer]:
        """See `Hanse.customers`."""
        return self._each(customer_list.listed(without_subject=without_subject))

    async def set_customer(self, customer: str, *, name: str = "", subject: str | None = None) -> Customer:
        """See `Hanse.set_customer`."""
        return await self._run(customer_list.say(self._session, customer, name, subject))

    async def match_subject(self, subject: str) -> Matches:
        """See `Hanse.match_subject`."""
        return await self._run(customer_list.match_id(self._session, subject))

    async def match_name(self, name: str) -> Matches:
        """See `Hanse.match_name`."""
        return await self._run(customer_list.match_name(self._session, name))

    async def reporting(self) -> Reporting:
        """See `Hanse.reporting`."""
        return await self._run(reporting.reporting(self._session))

    async def consortium(self) -> ConsortiumStatus:
        """See `Hanse.consortium`."""
        return await self._run(consortium.consortium_status(self._session))

    async def log(self) -> LogStatus:
        """See `Hanse.log`."""
        return await self._run(consortium.log_status(self._session))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _each(self, listing: Listing[T]) -> AsyncIterator[T]:
        found = await self._run(page(self._session, listing, None))
        while True:
            for item in found.items:
                yield item
            if found.next is None:
                return
            found = await self._run(page(self._session, listing, found.next))

    async def _run(self, steps: Steps[T]) -> T:
        return await run_async(steps, self._transport, self._wire)
