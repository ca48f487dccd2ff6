"""Two members warn by hand; within one round of bulletins a third is alerted, by mail and webhook too."""

from contextlib import ExitStack
from pathlib import Path

from support_bulletins import play_round
from support_delivery import hook_server, mail_server, secret_file
from support_monitor import ANALYST, Firm
from support_node import MEMBERS, Bench, subject

from node.risk.delivery.channels import channels_of
from node.risk.delivery.courier import run_dry
from node.risk.delivery.settings import DeliverySettings, MailSettings, WebhookSettings
from node.risk.policy import default_raw
from node.risk.warnings import Raising

K1 = subject("K1")


def test_a_warning_of_two_alerts_a_third_within_one_round(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    secret, _ = secret_file(tmp_path)
    warning = [Firm(bench, party=party) for party in MEMBERS[:2]]
    watching = Firm(bench, party=MEMBERS[2])
    assert b'id = "warned"' in default_raw()
    watching.own.watch.add(ANALYST, K1, reason="large")
    watching.work_off()
    with hook_server() as hooks, mail_server() as mails, ExitStack() as opened:
        content = {"server": f"127.0.0.1:{mails.port}", "security": "none", "sender": "h@firm.example"}
        recipients = [{"name": "credit", "address": "credit@firm.example", "language": "zh-CN"}]
        settings = DeliverySettings(
            mail=MailSettings.model_validate({**content, "recipients": recipients}),
            webhooks=(WebhookSettings(name="erp", url=hooks.url, secret_file=secret, private=True),),
        )
        couriers = watching.own.couriers(channels_of(settings, lambda _subject: [], opened))
        for firm in warning:
            firm.own.warnings.raise_one(ANALYST, Raising(subject=K1, reason="collection"))
        play_round(bench)
        bench.member(watching.party).standing.catch_up()
        watching.work_off()
        run_dry(couriers)
    [(rule, about, before, after)] = watching.raised()
    # What it was before was asked at no close: nobody had inquired.
    assert (rule, about, before, after) == ("warned", K1, None, 1.0)
    assert [mail["Subject"] for mail in mails.taken] == ["新预警（高）: ref:DEMO:K1"]
    assert len(hooks.taken) == 1
    for firm in (*warning, watching):
        firm.close()
    bench.close()
