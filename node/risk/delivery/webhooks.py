"""Webhooks by Standard Webhooks: signed, to one checked address, never redirected."""

import ssl
import time
from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpx

from node.links.transport import DeadlineTransport
from node.risk.delivery.addresses import Lookup, allowing, system_lookup
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.delivery.secrets import Secret, naming, read_secrets
from node.risk.delivery.settings import WebhookSettings
from node.risk.policy.watching import Severity

_DEADLINE_S: Final = 15.0
_HOLD_MOST_S: Final = 3_600.0
_IDLE_S: Final = 1.0


class Webhook:
    """One of the firm's systems, as a channel."""

    def __init__(self, settings: WebhookSettings, lookup: Lookup = system_lookup) -> None:
        """Read the secrets and whom to trust; raises SettingsError that names the field."""
        self._settings = settings
        with naming(f"webhooks.{settings.name}.secret_file"):
            self._secrets = read_secrets(settings.secret_file)
        with naming(f"webhooks.{settings.name}.ca_file"):
            trusted = (
                None if settings.ca_file is None else ssl.create_default_context(cafile=settings.ca_file)
            )
        self._transport = DeadlineTransport(
            connections_most=1,
            idle_s=_IDLE_S,
            trusted=trusted,
            address_of=allowing(private=settings.private, lookup=lookup),
        )
        self._client = httpx.Client(transport=self._transport, follow_redirects=False)

    @property
    def name(self) -> str:
        """The name of the channel."""
        return f"webhook:{self._settings.name}"

    @property
    def least(self) -> Severity:
        """The least grave notices that go out."""
        return self._settings.least

    def send(self, notice: Notice, at: datetime) -> Outcome:
        """Post a notice; any answer but 2xx is a failure, and 410 one that stays."""
        body = notice.body()
        headers = signed_headers(self._secrets, message_id=notice.id, at=at, body=body)
        try:
            with (
                self._transport.until(time.monotonic() + _DEADLINE_S),
                self._client.stream("POST", self._settings.url, content=body, headers=headers) as reply,
            ):
                return _outcome(reply)
        except httpx.HTTPError:
            return Outcome(ending="failed", detail="unreachable")

    def close(self) -> None:
        """Close its connection."""
        self._client.close()


def signed_headers(
    secrets: tuple[Secret, ...], *, message_id: str, at: datetime, body: bytes
) -> dict[str, str]:
    """Return the header fields of a message, signed with each secret: a receiver may know but one of them."""
    timestamp = int(at.timestamp())
    signatures = (one.sign(message_id=message_id, timestamp=timestamp, body=body) for one in secrets)
    return {
        "content-type": "application/json",
        "user-agent": "hanse",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _outcome(reply: httpx.Response) -> Outcome:
    detail = f"http {reply.status_code}"
    if reply.is_success:
        return Outcome(ending="sent", detail=detail)
    if reply.status_code == HTTPStatus.GONE:
        return Outcome(ending="refused", detail=detail)
    return Outcome(ending="failed", detail=detail, hold_s=_hold_s(reply.headers.get("retry-after", "")))


def _hold_s(text: str) -> float | None:
    return min(float(text), _HOLD_MOST_S) if text.isascii() and text.isdigit() else None
