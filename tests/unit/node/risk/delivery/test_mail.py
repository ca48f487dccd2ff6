"""E-mails against a real server, with STARTTLS, TLS and logins."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support_delivery import mail_server
from support_tls import make_certificate

from node.errors import SettingsError
from node.risk.delivery.mail import Mailbox
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.delivery.settings import MailSettings, Recipient

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SUBJECT = "uscc:91350100M000100Y43"
NOTICE = Notice(
    number=1,
    id="0f" * 16,
    kind="alert.raised",
    severity="critical",
    at=NOW,
    drill=False,
    content={
        "id": "ab" * 16,
        "rule": "late",
        "subject": SUBJECT,
        "reason": {"en": "Past due is 12% <now>.", "zh-CN": "逾期占12%。"},
    },
)
RECIPIENT: dict[str, Any] = {"name": "desk", "address": "desk@firm.example", "language": "en"}


def settings(port: int, **more: Any) -> MailSettings:
    content = {
        "server": f"localhost:{port}",
        "sender": "hanse@firm.example",
        "recipients": [RECIPIENT],
        **more,
    }
    return MailSettings.model_validate(content)


def mailbox(of: MailSettings) -> Mailbox:
    return Mailbox(of, of.recipients[0], lambda subject: ["Fir & Sons"] if subject == SUBJECT else [])


def test_a_notice_comes_by_starttls_with_text_and_html(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    with mail_server(tls=context) as server:
        sent = mailbox(settings(server.port, ca_file=trusted)).send(NOTICE, NOW)
    assert sent == Outcome(ending="sent", detail="smtp 250")
    [mail] = server.taken
    assert server.secure == [True]
    assert (mail["From"], mail["To"]) == ("hanse@firm.example", "desk@firm.example")
    assert mail["Subject"] == "New alert (critical): Fir & Sons"
    assert mail["Message-ID"] == f"<{'0f' * 16}.desk@firm.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in mail.iter_parts())
    for line in ("Past due is 12% <now>.", "Customer: Fir & Sons", f"Subject: {SUBJECT}", "Rule: late"):
        assert line in text.splitlines()
    assert "Past due is 12% &lt;now&gt;." in html
    assert "Fir &amp; Sons" in html


def test_each_recipient_reads_its_language(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    chinese = RECIPIENT | {"language": "zh-CN"}
    with mail_server(tls=context) as server:
        of = settings(server.port, ca_file=trusted, recipients=[chinese])
        mailbox(of).send(replace(NOTICE, drill=True), NOW)
    [mail] = server.taken
    assert mail["Subject"] == "[演练] 新预警（危急）: Fir & Sons"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "逾期占12%。" in text.get_content()


def test_what_was_taken_is_sent_whatever_the_server_says_at_parting(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    with mail_server(tls=context) as server:
        server.parting = "421 going down"
        assert mailbox(settings(server.port, ca_file=trusted)).send(NOTICE, NOW).ending == "sent"
    assert len(server.taken) == 1


def test_under_tls_from_the_first_byte(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    with mail_server(tls=context, at_once=True) as server:
        of = settings(server.port, security="tls", ca_file=trusted)
        assert mailbox(of).send(NOTICE, NOW).ending == "sent"
        assert mailbox(settings(server.port, security="tls")).send(NOTICE, NOW).ending == "failed"
    assert len(server.taken) == 1


def test_with_a_login(tmp_path: Path) -> None:
    context, trusted = make_certificate(tmp_path)
    tmp_path.chmod(0o700)
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    password.chmod(0o600)
    more = {"ca_file": trusted, "login": "hanse", "password_file": password}
    with mail_server(tls=context, login=("hanse", "open sesame")) as server:
        assert mailbox(settings(server.port, **more)).send(NOTICE, NOW).ending == "sent"
        password.write_text("wrong\n")
        refused = mailbox(settings(server.port, **more)).send(NOTICE, NOW)
    # What is wrong with a login is the operator's to mend: the notice waits.
    assert refused == Outcome(ending="failed", detail="smtp 535")
    assert len(server.taken) == 1
    password.chmod(0o644)
    with pytest.raises(SettingsError, match=r"mail\.password_file: others may use the file"):
        mailbox(settings(1, **more))
    with pytest.raises(SettingsError, match=r"mail\.ca_file: .*certificate"):
        mailbox(settings(1, ca_file=password))


def test_nothing_goes_out_in_the_clear_to_a_server_without_starttls() -> None:
    with mail_server() as server:
        sent = mailbox(settings(server.port)).send(NOTICE, NOW)
    assert sent == Outcome(ending="failed", detail="unreachable")
    assert server.taken == []


def test_a_server_with_another_certificate_gets_nothing(tmp_path: Path) -> None:
    context, _ = make_certificate(tmp_path)
    with mail_server(tls=context) as server:
        assert mailbox(settings(server.port)).send(NOTICE, NOW).ending == "failed"
    assert server.taken == []


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("550 no such user", Outcome(ending="refused", detail="smtp 550")),
        ("451 later", Outcome(ending="failed", detail="smtp 451")),
    ],
)
def test_a_recipient_that_is_refused_for_good_is_not_tried_again(reply: str, outcome: Outcome) -> None:
    with mail_server() as server:
        server.refuse = lambda _address: reply
        assert mailbox(settings(server.port, security="none")).send(NOTICE, NOW) == outcome


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"security": "none", "server": "mail.firm.example:25"}, "own machine"),
        ({"security": "none", "login": "a", "password_file": "b"}, "own machine"),
        ({"login": "a"}, "go together"),
        ({"sender": "nobody"}, "not an e-mail address"),
        ({"sender": "a@b.example\nBcc: c@d.example"}, "not an e-mail address"),
        ({"recipients": []}, "at least 1"),
        ({"recipients": [RECIPIENT, RECIPIENT]}, "given twice"),
        ({"recipients": [RECIPIENT | {"address": "a b@c.example"}]}, "not an e-mail address"),
        ({"recipients": [RECIPIENT | {"language": "de"}]}, "language"),
        ({"server": "mail.firm.example"}, "server"),
    ],
)
def test_settings_that_cannot_be(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(25, **change)


def test_the_files_of_settings_are_below_their_folder(tmp_path: Path) -> None:
    content: dict[str, Any] = {"login": "a", "password_file": "p"}
    of = settings(25, **content).below(tmp_path)
    assert (of.password_file, of.ca_file) == (tmp_path / "p", None)
    assert Recipient.model_validate(RECIPIENT).least == "medium"
