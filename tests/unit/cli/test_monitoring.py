"""`hanse watch`, `hanse alerts` and `hanse plan` in a demo, with real servers for mail and webhooks."""

import json
import shutil
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from support_cli import Run
from support_delivery import hook_server, mail_server
from support_embedded import FAILING, copy_of_tiny_demo
from support_tls import make_certificate


@pytest.fixture
def elm(tmp_path: Path, run: Run) -> tuple[str, ...]:
    """Options that speak for elm, in a demo of the test's own with people."""
    folder = copy_of_tiny_demo(tmp_path)
    at = ("--dir", str(folder), "--party", "elm")
    for name, role in (("ann", "analyst"), ("bo", "approver"), ("di", "auditor")):
        assert run("risk", "people", "add", name, "--role", role, "--as", "admin", *at).code == 0
    return at


def test_what_is_watched_alerts_and_goes_out_once(run: Run, elm: tuple[str, ...], tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    secret = run("alerts", "secret", private / "erp", "--json").document["secret"]
    context, trusted = make_certificate(tmp_path)
    with hook_server() as hooks, mail_server(tls=context) as mails:
        file = tmp_path / "delivery.toml"
        file.write_text(f"""
[mail]
server = "localhost:{mails.port}"
sender = "hanse@elm.example"
ca_file = "{trusted}"
[[mail.recipients]]
name = "credit"
address = "credit@elm.example"
language = "zh-CN"
least = "low"
[[webhooks]]
name = "erp"
url = "{hooks.url}"
secret_file = "private/erp"
private = true
""")
        assert run("watch", "add", FAILING, "--reason", "slow", "--as", "ann", *elm).code == 0
        first = run("watch", "run", "--delivery", file, *elm, "--json")
        again = run("watch", "run", "--delivery", file, *elm, "--json")
    assert first.code == again.code == 0
    found = run("alerts", "list", "--as", "di", *elm, "--json").document
    assert found
    assert {one["subject"] for one in found} == {FAILING}
    assert sum(first.document["alerts"].values()) == sum(again.document["alerts"].values()) == len(found)
    for headers, body in hooks.taken:
        Receiver(secret).verify(body, headers)
    told = [json.loads(body)["data"]["id"] for _, body in hooks.taken]
    assert sorted(told) == sorted(one["id"] for one in found)
    assert len(mails.taken) == len(found)
    assert all("新预警" in mail["Subject"] for mail in mails.taken)
    log = run("alerts", "deliveries", "--as", "di", *elm, "--json").document
    assert [one["outcome"] for one in log] == ["sent"] * (2 * len(found))
    assert "webhook:erp" in run("alerts", "deliveries", "--as", "di", *elm).out
    shutil.rmtree(private)


def test_the_watch_list(run: Run, elm: tuple[str, ...]) -> None:
    assert FAILING in run("watch", "add", FAILING, "--reason", "slow", "--as", "ann", *elm).out
    assert "slow" in run("watch", "list", "--as", "di", *elm).out
    assert run("watch", "list", "--as", "di", *elm, "--json").document[0]["source"] == "hand"
    refused = run("watch", "remove", FAILING, "--as", "di", *elm, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "not_permitted")
    assert run("watch", "remove", FAILING, "--as", "ann", *elm).code == 0
    assert run("watch", "list", "--as", "di", *elm, "--json").document == []
    assert run("watch", "add", FAILING, "--reason", "x", *elm).code == 2


def test_an_alert_by_commands(run: Run, elm: tuple[str, ...]) -> None:
    run("watch", "add", FAILING, "--reason", "slow", "--as", "ann", *elm)
    assert "Open alerts" in run("watch", "run", *elm).out
    alert = run("alerts", "list", "--as", "ann", *elm, "--json").document[0]["id"]
    at = ("--as", "ann", *elm)
    assert "acknowledged" in run("alerts", "ack", alert, *at).out
    assert run("alerts", "assign", alert, "--to", "bo", *at, "--json").document["assignee"] == "bo"
    snoozed = run("alerts", "snooze", alert, "--until", "2024-05-01", "--reason", "promised", *at, "--json")
    assert snoozed.document["snoozed_until"] == "2024-05-01T00:00:00+00:00"
    assert run("alerts", "comment", alert, "Spoke with them.", *at).code == 0
    assert run("alerts", "close", alert, "--outcome", "done", "--reason", "x", *at).code == 2
    assert run("alerts", "close", alert, "--outcome", "acted", "--reason", "paid", *at).code == 0
    shown = run("alerts", "show", alert, "--as", "di", *elm)
    assert "ann: closed acted paid" in shown.out
    assert "bo" in shown.out
    assert alert not in run("alerts", "list", "--as", "di", *elm).out.replace("\n", "")
    every = run("alerts", "list", "--all", "--as", "di", *elm, "--json").document
    assert alert in {one["id"] for one in every}
    chinese = run("alerts", "show", alert, "--as", "di", *elm, "--lang", "zh-CN").out
    assert "已关闭" in chinese


def test_a_plan_and_a_drill_by_commands(run: Run, elm: tuple[str, ...]) -> None:
    assert "insolvency: Insolvency" in run("plan", "templates", "--as", "di", *elm).out
    opened = run("plan", "open", "insolvency", "--subject", FAILING, "--as", "ann", *elm, "--json").document
    drilled = run("plan", "drill", "payment-stop", "--as", "ann", *elm, "--json").document
    assert (opened["drill"], drilled["drill"]) == (False, True)
    ticked = run("plan", "tick", opened["id"], "1", "--note", "held", "--as", "ann", *elm)
    assert "held" in ticked.out
    assert run("plan", "close", opened["id"], "--summary", "x", "--as", "ann", *elm).code == 1
    closed = run("plan", "close", opened["id"], "--summary", "claim filed", "--as", "bo", *elm)
    assert "Report: claim filed" in closed.out
    listed = run("plan", "list", "--as", "di", *elm).out
    assert f"[DRILL] {drilled['id']}" in listed
    assert "closed" in listed
    assert "[演练]" in run("plan", "show", drilled["id"], "--as", "di", *elm, "--lang", "zh-CN").out


def test_a_delivery_file_that_cannot_be_used_sends_nothing(
    run: Run, elm: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text('[mail]\nserver = "nowhere"\n')
    ended = run("watch", "run", "--delivery", file, *elm, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "settings")
    assert "nowhere" not in ended.out
