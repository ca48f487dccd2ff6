"""A member's own node in a process tells its people and systems of alerts, over real servers on loopback.

No other node runs: what a firm computes from its own book needs none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from support_delivery import Hooks, Mails, hook_server, mail_server, secret_file
from support_months import MEMBERS
from support_net import NodeProcess, found_nodes, stop_all, wait_until

from hanse_ledger.ids import Month, month_at
from node.cli import main
from node.commands.own_node import own_node
from node.own.scopes import SCOPES

ALDER = MEMBERS[0]
FIRM = "ref:DEMO:LATE"
READS = [
    ("risk", "report", FIRM),
    ("risk", "signals", FIRM),
    ("risk", "assess", FIRM),
    ("alerts", "list"),
    ("watch", "list"),
    ("review", "due"),
    ("plan", "list"),
]
SETTINGS = """
[mail]
server = "127.0.0.1:{port}"
security = "none"
sender = "hanse@firm.example"
[[mail.recipients]]
name = "credit"
address = "credit@firm.example"
[[webhooks]]
name = "erp"
url = "{url}"
secret_file = "secret"
private = true
"""


@contextmanager
def founded(folder: Path, mails: Mails, hooks: Hooks) -> Iterator[tuple[NodeProcess, str]]:
    """A member's node that is to be started, and the secret that it shares with its webhook."""
    _, nodes = found_nodes(folder, MEMBERS, Month(month_at(datetime.now(UTC).date()) - 1))
    node = nodes[ALDER]
    with node.config.open("a") as file:
        file.write(SETTINGS.format(port=mails.port, url=hooks.url))
    try:
        yield node, secret_file(node.config.parent)[1]
    finally:
        stop_all(nodes)


def start(node: NodeProcess) -> None:
    node.start()
    wait_until(lambda: answers(node), "it answers")


def answers(node: NodeProcess) -> bool:
    """Whether HTTP is up: without whoever orders it never gets a checkpoint, and so is not ready."""
    assert node.process.poll() is None, node.log()
    try:
        return node.client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def persons(node: NodeProcess) -> dict[str, httpx.Client]:
    """Clients of an analyst and of an approver, added beside the running node."""
    clients = {}
    with own_node(None, None, node.config) as own:
        admin = own.people.actor(own.people.begin("ada").name)
        own.people.add(admin, "ann", "analyst")
        own.people.add(admin, "bo", "approver")
        for name in ("ann", "bo"):
            binding = own.people.bind(name)
            made = own.keys.new(name=name, scopes=SCOPES, expires_at=None, binding=binding)
            key = {"authorization": f"Bearer {made.secret}"}
            clients[name] = httpx.Client(base_url=node.url, headers=key, timeout=30, trust_env=False)
    return clients


def ask(client: httpx.Client, method: str, path: str, **content: Any) -> Any:
    answer = client.request(method, path, json=content or None)
    assert answer.is_success, answer.text
    return answer.json()


def take_late_book(client: httpx.Client) -> None:
    """Import an invoice that has been due for a hundred days."""
    due = datetime.now(UTC).date() - timedelta(days=100)
    lines = [
        "invoice,customer,invoice_date,due_date,paid_date,amount,currency",
        f"1,{FIRM},{due - timedelta(days=30)},{due},,100.00,EUR",
    ]
    taken = client.post("/v1/imports?confirm=true", content="".join(f"{line}\n" for line in lines))
    assert taken.json()["state"] == "taken", taken.text


def raised(client: httpx.Client) -> dict[str, str]:
    """The severity of each alert by its id."""
    return {one["id"]: one["severity"] for one in ask(client, "GET", "/v1/alerts")["items"]}


def id_in(mail: EmailMessage) -> str:
    """The id of the alert or plan that an e-mail tells of."""
    body = mail.get_body(("plain",))
    assert body is not None
    (line,) = (line for line in body.get_content().splitlines() if line.startswith("Id: "))
    return str(line).removeprefix("Id: ")


def look_beside(node: NodeProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Read, with commands beside the running node, what it has computed; every look is written down."""
    for words in READS:
        assert main([*words, "--as", "ann", "--config", str(node.config), "--json"]) == 0, words
        assert FIRM in capsys.readouterr().out


def verified(hooks: Hooks, secret: str, after: int = 0) -> list[dict[str, Any]]:
    """What the webhook was told; raises for a message that a receiver of Standard Webhooks would not take."""
    return [Receiver(secret).verify(body, headers) for headers, body in hooks.taken[after:]]


def test_an_alert_is_mailed_and_posted_once_though_the_node_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        hook_server() as hooks,
        mail_server() as mails,
        founded(tmp_path, mails, hooks) as (node, secret),
    ):
        start(node)
        people = persons(node)
        ask(people["ann"], "PUT", f"/v1/watch/{FIRM}", reason="slow")
        take_late_book(people["ann"])
        wait_until(lambda: bool(raised(people["ann"])), "the book raises alerts")
        alerts = raised(people["ann"])
        mailed = [one for one, severity in alerts.items() if severity != "low"]
        wait_until(lambda: len(hooks.taken) >= len(alerts), "the webhook is told")
        wait_until(lambda: len(mails.taken) >= len(mailed), "people are told")
        told = verified(hooks, secret)
        assert node.stop() == 0
        start(node)
        # A channel goes in order: what came twice would come before what is told from now on.
        asked = {"template": "insolvency", "subject": FIRM, "drill": True}
        drill = ask(people["bo"], "POST", "/v1/plans", **asked)["id"]
        look_beside(node, capsys)
        wait_until(lambda: len(hooks.taken) > len(alerts), "the webhook is told of the drill")
        wait_until(lambda: len(mails.taken) > len(mailed), "people are told of the drill")
        assert node.stop() == 0
        for client in people.values():
            client.close()
        (last,) = verified(hooks, secret, after=len(told))
    assert "past-due-61" in {one["data"]["rule"] for one in told}
    ids = [one["data"]["id"] for one in told]
    assert sorted(ids) == sorted(alerts)
    assert (last["data"]["id"], last["drill"]) == (drill, True)
    assert [id_in(mail) for mail in mails.taken] == [*(one for one in ids if one in mailed), drill]
    assert [mail["Subject"].startswith("[DRILL] ") for mail in mails.taken] == [False] * len(mailed) + [True]
    assert {mail["To"] for mail in mails.taken} == {"credit@firm.example"}


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("hanse@firm", "hanse@", "mail.sender"),
        ('security = "none"\n', 'security = "none"\nlogin = "hanse"\n', "mail (login and password_file"),
        ("private = true\n", "", "webhooks.0 (url: plain http"),
        ('"secret"', '"none"', "webhooks.erp.secret_file: No such file"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_the_node_does_not_run(
    tmp_path: Path, right: str, wrong: str, named: str
) -> None:
    with founded(tmp_path, Mails(port=25), Hooks(url="http://localhost/hook")) as (node, _):
        text = node.config.read_text()
        assert right in text
        node.config.write_text(text.replace(right, wrong))
        node.start()
        assert node.process.wait(120) == 1
        assert named in node.log()
