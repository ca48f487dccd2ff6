"""The client in its two forms. Every call is written once, as steps; here they are only carried out."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx

from hanse_client import consortium, inquiries
from hanse_client.config import ApiKey, Limits, Surroundings, parse_base_url
from hanse_client.consortium import ConsortiumStatus, LogStatus
from hanse_client.drivers import Wire, run, run_async
from hanse_client.reports import Outcome, Report
from hanse_client.session import Session
from hanse_client.steps import Steps, T
from hanse_client.trust import Seen, Trust, TrustSource


class _Client:
    """What both forms are made of."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        trust: TrustSource,
        party: str | None = None,
        limits: Limits | None = None,
        allow_http: bool = False,
        surroundings: Surroundings | None = None,
    ) -> None:
        limits, around = limits or Limits(), surroundings or Surroundings()
        url = parse_base_url(base_url, allow_http=allow_http)
        self._wire = Wire(url, ApiKey(api_key), limits, around)
        self._session = Session(trust=Trust.load(trust), limits=limits, around=around, seen=Seen(party))
        self._name = f"{type(self).__name__}({str(url)!r}, trust={self._session.trust.hash[:12]}...)"

    @property
    def trust(self) -> Trust:
        """The pinned consortium document; `trust.hash` is what parties compare."""
        return self._session.trust

    def __repr__(self) -> str:
        return self._name


class Hanse(_Client):
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

    def _run(self, steps: Steps[T]) -> T:
        return run(steps, self._transport, self._wire)


class AsyncHanse(_Client):
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

    async def _run(self, steps: Steps[T]) -> T:
        return await run_async(steps, self._transport, self._wire)
