"""Attacks on what a node tells its own firm's people and systems (docs/threat-model.md)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError
from support_delivery import hook_server, mail_server, secret_file

from node.risk.delivery.mail import Mailbox
from node.risk.delivery.notices import Notice
from node.risk.delivery.settings import MailSettings, WebhookSettings
from node.risk.delivery.webhooks import Webhook

NOTICE = Notice(
    number=1,
    id="0f" * 16,
    kind="alert.raised",
    severity="high",
    at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    drill=False,
    content={"id": "ab", "reason": {"en": "Late.", "zh-CN": "逾期。"}},
)


def webhook(folder: Path, url: str, address: str | None = None, *, private: bool = True) -> Webhook:
    path = folder / "secret"
    if not path.exists():
        secret_file(folder)
    settings = WebhookSettings(name="erp", url=url, secret_file=path, private=private)
    return Webhook(settings) if address is None else Webhook(settings, lambda _host: [address])


def test_webhook_name_is_led_inside(tmp_path: Path) -> None:
    """A server is there and would answer; who controls the name of the webhook points it there."""
    with hook_server() as inside:
        port = inside.url.rpartition(":")[2]
        for address in ("127.0.0.1", "::ffff:127.0.0.1"):
            channel = webhook(tmp_path, f"https://hooks.example:{port}", address, private=False)
            assert channel.send(NOTICE, datetime.now(UTC)).detail == "unreachable"
            channel.close()
        # Even where private addresses are meant, a machine's credentials are out of reach.
        channel = webhook(tmp_path, f"http://hooks.example:{port}", "169.254.169.254")
        assert channel.send(NOTICE, datetime.now(UTC)).detail == "unreachable"
        channel.close()
    assert inside.taken == []


def test_webhook_redirects_inside(tmp_path: Path) -> None:
    with hook_server() as inside, hook_server() as receiver:
        receiver.statuses, receiver.headers = [307], [("location", inside.url)]
        channel = webhook(tmp_path, receiver.url)
        assert channel.send(NOTICE, datetime.now(UTC)).ending == "failed"
        channel.close()
    assert (len(receiver.taken), inside.taken) == (1, [])


def test_webhook_changed_or_replayed(tmp_path: Path) -> None:
    _, secret = secret_file(tmp_path)
    with hook_server() as hooks:
        channel = webhook(tmp_path, hooks.url)
        channel.send(NOTICE, datetime.now(UTC))
        channel.send(NOTICE, datetime.now(UTC) - timedelta(hours=1))
        channel.close()
    (headers, body), (old, old_body) = hooks.taken
    Receiver(secret).verify(body, headers)
    for forged, content in (
        (headers, body.replace(b"Late", b"Fine")),
        (headers | {"webhook-id": "1" * 32}, body),
        (headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body),
        (old, old_body),
    ):
        with pytest.raises(WebhookVerificationError):
            Receiver(secret).verify(content, forged)


def test_mail_server_hides_starttls() -> None:
    """Somebody on the way takes STARTTLS out of what the server offers."""
    with mail_server() as mails:
        content = {
            "server": f"localhost:{mails.port}",
            "sender": "hanse@firm.example",
            "recipients": [{"name": "credit", "address": "credit@firm.example"}],
        }
        settings = MailSettings.model_validate(content)
        mailbox = Mailbox(settings, settings.recipients[0], lambda _subject: [])
        assert mailbox.send(NOTICE, datetime.now(UTC)).ending == "failed"
    assert mails.taken == []
