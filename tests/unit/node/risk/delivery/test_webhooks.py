"""Webhooks against a real server, their signatures checked by the library of Standard Webhooks."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook as Receiver
from support_delivery import hook_server, secret_file
from support_tls import make_certificate

from node.errors import KeyFileError, SettingsError
from node.risk.delivery.addresses import is_allowed
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.delivery.secrets import read_secrets
from node.risk.delivery.settings import WebhookSettings
from node.risk.delivery.webhooks import Webhook

NOTICE = Notice(
    number=1,
    id="0f" * 16,
    kind="alert.raised",
    severity="high",
    at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    drill=False,
    content={"id": "ab", "subject": "ref:A:1", "reason": {"en": "Late.", "zh-CN": "逾期。"}},
)


def settings(folder: Path, url: str, **more: object) -> WebhookSettings:
    path = folder / "secret"
    if not path.exists():
        secret_file(folder)
    content = {"name": "erp", "url": url, "secret_file": path, "private": True, **more}
    return WebhookSettings.model_validate(content)


def test_a_receiver_with_the_standards_library_takes_what_is_sent(tmp_path: Path) -> None:
    _, secret = secret_file(tmp_path)
    with hook_server() as hooks:
        channel = Webhook(settings(tmp_path, hooks.url))
        assert channel.send(NOTICE, datetime.now(UTC)) == Outcome(ending="sent", detail="http 204")
        channel.close()
    [(headers, body)] = hooks.taken
    assert Receiver(secret).verify(body, headers) == {
        "type": "alert.raised",
        "timestamp": "2026-11-02T09:00:00+00:00",
        "drill": False,
        "severity": "high",
        "data": NOTICE.content,
    }
    assert headers["webhook-id"] == NOTICE.id


def test_while_secrets_change_a_receiver_of_either_takes_it(tmp_path: Path) -> None:
    path, old = secret_file(tmp_path)
    new = "whsec_" + "QUJD" * 8
    path.write_text(f"{new}\n{old}\n")
    with hook_server() as hooks:
        channel = Webhook(settings(tmp_path, hooks.url))
        channel.send(NOTICE, datetime.now(UTC))
        channel.close()
    [(headers, body)] = hooks.taken
    for secret in (old, new):
        Receiver(secret).verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Receiver("whsec_" + "QUJE" * 8).verify(body, headers)


def test_over_tls_the_certificate_is_the_names(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    with hook_server(context) as hooks:
        for more, ending in (({"ca_file": trusted}, "sent"), ({}, "failed")):
            channel = Webhook(settings(tmp_path, hooks.url, **more))
            assert channel.send(NOTICE, datetime.now(UTC)).ending == ending
            channel.close()
    context, trusted = make_certificate(tmp_path, host="elsewhere.example")
    with hook_server(context) as hooks:
        channel = Webhook(settings(tmp_path, hooks.url, ca_file=trusted))
        assert channel.send(NOTICE, datetime.now(UTC)).detail == "unreachable"
        channel.close()
    assert hooks.taken == []


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (500, (), Outcome(ending="failed", detail="http 500")),
        (400, (), Outcome(ending="failed", detail="http 400")),
        (410, (), Outcome(ending="refused", detail="http 410")),
        (429, (("retry-after", "90"),), Outcome(ending="failed", detail="http 429", hold_s=90)),
        (503, (("retry-after", "9" * 9),), Outcome(ending="failed", detail="http 503", hold_s=3_600)),
        (503, (("retry-after", "Mon, 02 Nov"),), Outcome(ending="failed", detail="http 503")),
    ],
)
def test_what_a_status_makes_of_an_attempt(
    tmp_path: Path, status: int, headers: Sequence[tuple[str, str]], outcome: Outcome
) -> None:
    with hook_server() as hooks:
        hooks.statuses, hooks.headers = [status], headers
        channel = Webhook(settings(tmp_path, hooks.url))
        assert channel.send(NOTICE, datetime.now(UTC)) == outcome
        channel.close()


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with hook_server() as target, hook_server() as hooks:
        hooks.statuses, hooks.headers = [307], [("location", target.url)]
        channel = Webhook(settings(tmp_path, hooks.url))
        assert channel.send(NOTICE, datetime.now(UTC)) == Outcome(ending="failed", detail="http 307")
        channel.close()
    assert target.taken == []


def test_nobody_there_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        channel = Webhook(settings(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}/"))
        assert channel.send(NOTICE, datetime.now(UTC)) == Outcome(ending="failed", detail="unreachable")
        channel.close()


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (["127.0.0.1"], False),
        (["93.184.215.14", "10.0.0.1"], False),  # one of several
        (["::ffff:127.0.0.1"], False),
        (["169.254.169.254"], True),
        (["fe80::1"], True),
        ([], True),
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    tmp_path: Path, addresses: list[str], *, private: bool
) -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return addresses

    url = "https://hooks.example/x" if not private else "http://hooks.example/x"
    channel = Webhook(settings(tmp_path, url, private=private), lookup)
    assert channel.send(NOTICE, datetime.now(UTC)) == Outcome(ending="failed", detail="unreachable")
    channel.close()
    assert asked == ["hooks.example"]


def test_the_address_that_was_looked_at_is_connected_to(tmp_path: Path) -> None:
    """Another look-up could give another address: there is only one."""
    answers = [["127.0.0.1"], ["192.0.2.1"]]
    with hook_server() as hooks:
        channel = Webhook(settings(tmp_path, hooks.url), lambda _host: answers.pop(0))
        assert channel.send(NOTICE, datetime.now(UTC)).ending == "sent"
        channel.close()
    assert answers == [["192.0.2.1"]]
    assert hooks.taken[0][0]["host"].startswith("localhost:")


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("8.8.8.8", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("fd00::1", False, True),
        ("::1", False, True),
        ("0.0.0.0", False, False),  # noqa: S104
        ("224.0.0.1", False, False),
        ("169.254.169.254", False, False),
        ("::ffff:10.0.0.1", False, True),
        ("2002:0a00:0001::", False, True),
        ("64:ff9b::10.0.0.1", False, True),
        ("64:ff9b::169.254.169.254", False, False),
        ("64:ff9b::1.1.1.1", True, True),
        ("100.64.0.1", False, False),
    ],
)
def test_which_addresses_are_allowed(address: str, *, public: bool, private: bool) -> None:
    assert is_allowed(ip_address(address), private=False) is public
    assert is_allowed(ip_address(address), private=True) is private


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://erp.example/", False),
        ("ftp://erp.example/", True),
        ("https://user:password@erp.example/", True),
        ("https:///path", True),
        ("erp.example", True),
        ("https://erp.example/#part", True),
        ("https://erp.example:99999/", True),
        ("https://[erp.example/", True),
    ],
)
def test_a_url_that_is_none_of_a_webhook(tmp_path: Path, url: str, *, private: bool) -> None:
    with pytest.raises(ValidationError, match="url"):
        settings(tmp_path, url, private=private)


def test_a_secret_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path, _ = secret_file(tmp_path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError):
        read_secrets(path)
    with pytest.raises(SettingsError, match=r"webhooks\.erp\.secret_file: others may use the file"):
        Webhook(settings(tmp_path, "https://erp.example"))
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=r"webhooks\.erp\.ca_file: No such file"):
        Webhook(settings(tmp_path, "https://erp.example", ca_file=tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    "content", ["", "hunter22", "whsec_AAAA", "whsec_" + "!" * 40, "\n".join(["whsec_" + "QUJD" * 8] * 3)]
)
def test_a_file_without_one_or_two_secrets_is_refused_without_repeating_it(
    tmp_path: Path, content: str
) -> None:
    path, _ = secret_file(tmp_path)
    path.write_text(content)
    with pytest.raises(SettingsError) as error:
        read_secrets(path)
    assert not content or content not in str(error.value)
