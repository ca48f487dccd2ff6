"""Alert rules and dashboard: read by Prometheus' own tools; every metric in them is one that is served."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support_comet import cometbft
from support_compose import ROOT, project
from support_consortium import DESK, canonical, document
from support_http import Served
from support_net import free_ports, wait_until
from support_node import OneThread

from api.options import Options
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import PartyId
from node.health import Health, Problem
from node.service import Doors

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "hanse.json"
BY_PROMETHEUS = {"job", "node"}
"""Labels that it adds to what it is told."""

INQUIRY_SECONDS = 'hanse_http_request_seconds_bucket{node="alder", route="/v1/inquiries", method="POST", le='
# What the rules see while all is well, with what is normal now and then: a node a little behind for a moment,
# an outbox that empties, a round that has to be repeated.
WELL = {
    'up{job="hanse", node="steward-1"}': "1x240",
    'up{job="hanse", node="steward-2"}': "1x240",
    'up{job="cometbft", node="steward-1"}': "1x240",
    'hanse_up{node="steward-1"}': "1x240",
    'hanse_status{node="steward-1", status="ok"}': "1x240",
    'hanse_log_lag{node="alder"}': "5 0 " * 120,
    'hanse_log_size{node="steward-1"}': "0+50x240",
    'hanse_log_size{node="alder"}': "0+49x240",
    'hanse_peer{node="alder", party="steward-2", state="closed"}': "1x240",
    'hanse_outbox_pending{node="alder"}': "9 0 " * 120,
    'hanse_mailbox_waiting{node="alder"}': "400 0 " * 120,
    'hanse_http_requests_total{node="alder", status="200"}': "0+100x240",
    'hanse_http_requests_total{node="alder", status="503"}': "0+2x240",
    f'{INQUIRY_SECONDS}"0.5"}}': "0+9x240",
    f'{INQUIRY_SECONDS}"+Inf"}}': "0+9x240",
    'cometbft_consensus_height{node="steward-1"}': "1+1x240",
    'cometbft_consensus_validators{node="steward-1"}': "4x240",
    'cometbft_consensus_missing_validators{node="steward-1"}': "1 0 " * 120,
    'cometbft_consensus_byzantine_validators{node="steward-1"}': "0x240",
    'cometbft_consensus_rounds{node="steward-1"}': "3 0 " * 120,
    'cometbft_p2p_peers{node="steward-1"}': "3x240",
    'cometbft_mempool_size{node="steward-1"}': "2000 0 " * 120,
}
# What has to happen for each alert, beside what is well.
HAPPENS: dict[str, dict[str, str]] = {
    "NodeDown": {'up{job="hanse", node="steward-1"}': "0x240"},
    "NodeNotServing": {'hanse_up{node="steward-1"}': "0x240"},
    "TwoStewardsDown": {
        'up{job="hanse", node="steward-2"}': "0x240",
        'hanse_up{node="steward-1"}': "0x240",
    },
    "LogForked": {'hanse_problem{node="alder", code="fork"}': "1x240"},
    "OtherLog": {'hanse_problem{node="steward-1", code="application_hash"}': "1x240"},
    "LogProblem": {'hanse_problem{node="alder", code="stalled"}': "1x240"},
    "NodeBehind": {'hanse_log_lag{node="alder"}': "3x240"},
    "NodeLeftBehind": {'hanse_log_size{node="alder"}': "100x240"},
    "PeerOutOfReach": {'hanse_peer{node="alder", party="steward-2", state="open"}': "1x240"},
    "OutboxWaiting": {'hanse_outbox_pending{node="alder"}': "1x240"},
    "MailboxFull": {'hanse_mailbox_waiting{node="alder"}': "101x240"},
    "ServerErrors": {'hanse_http_requests_total{node="alder", status="503"}': "0+9x240"},
    "SlowInquiries": {
        f'{INQUIRY_SECONDS}"0.5"}}': "0x240",
        f'{INQUIRY_SECONDS}"5.0"}}': ("0+9x240"),
    },
    "CometbftDown": {'up{job="cometbft", node="steward-1"}': "0x240"},
    "AgreementHalted": {'cometbft_consensus_height{node="steward-1"}': "77x240"},
    "ValidatorMissing": {'cometbft_consensus_missing_validators{node="steward-1"}': "1x240"},
    "DoubleSigning": {'cometbft_consensus_byzantine_validators{node="steward-1"}': "1x240"},
    "FewPeers": {'cometbft_p2p_peers{node="steward-1"}': "2x240"},
    "ManyRounds": {'cometbft_consensus_rounds{node="steward-1"}': "3x240"},
    "MempoolFull": {'cometbft_mempool_size{node="steward-1"}': "1001x240"},
}
ALONG = {"TwoStewardsDown": {"NodeDown", "NodeNotServing"}}
"""What is told beside it, by right."""


def promtool(*words: object) -> "subprocess.CompletedProcess[str]":
    if shutil.which("promtool") is None:
        pytest.skip("Prometheus is not installed: make setup-full")
    return subprocess.run(
        ["promtool", *map(str, words)], check=False, capture_output=True, text=True, timeout=120
    )


def case(series: dict[str, str], firing: set[str]) -> dict[str, Any]:
    """One of promtool's tests: which alerts fire after 50 minutes."""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(firing)]
    asked = {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": "50m",
        "exp_samples": samples,
    }
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in (WELL | series).items()],
        "promql_expr_test": [asked],
    }


def expressions() -> list[str]:
    """Every query of the dashboard, with its variable filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [
        target["expr"].replace("$node", "alder|desk")
        for panel in panels
        for target in panel.get("targets", ())
    ]


def test_each_alert_fires_when_it_should_and_alone(tmp_path: Path) -> None:
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    assert set(HAPPENS) == alerts
    cases = [case({}, set())]
    cases += [case(series, {name} | ALONG.get(name, set())) for name, series in HAPPENS.items()]
    # JSON is YAML.
    content = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}
    (tmp_path / "tests.yml").write_text(json.dumps(content))
    ended = promtool("test", "rules", tmp_path / "tests.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_prometheus_takes_its_configuration_and_asks_what_there_is(tmp_path: Path) -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    # The container's folder is the clone's.
    mounted = text.replace("/etc/prometheus/", f"{DEPLOY}/prometheus/")
    (tmp_path / "prometheus.yml").write_text(mounted)
    ended = promtool("check", "config", tmp_path / "prometheus.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    services = project("cometbft")["services"]
    reached = services["prometheus"]["networks"]
    known = {
        alias
        for service in services.values()
        for network, of in service["networks"].items()
        if network in reached
        for alias in (of or {}).get("aliases", ())
    }
    nodes = set(re.findall(r"- ([\w-]+):8080", text))
    validators = set(re.findall(r"[\w-]+\.cometbft", text))
    assert nodes | validators <= known
    assert (len(nodes), len(validators)) == (9, 4)


def test_the_dashboard_asks_what_prometheus_can_read(tmp_path: Path) -> None:
    asked = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": asked}]}))
    ended = promtool("check", "rules", tmp_path / "panels.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(asked)} rules found" in ended.stdout
    source = (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    uids = set(re.findall(r'"uid": "(\w+)"', DASHBOARD.read_text())) - {"hanse"}
    assert uids == set(re.findall(r"uid: (\w+)", source)) == {"prometheus"}


def test_every_metric_and_label_of_the_node_is_served() -> None:
    health = Health(
        halted=True,
        problems=(Problem(code="fork", since=datetime.now(UTC)),),
        peers={PartyId("birch"): "open"},
    )
    host, served = OneThread(), Served()
    host.start(DESK, lambda: (lambda _caller, _verb, _body: b"{}", lambda: None))
    served.start(
        DESK,
        parse_document(canonical(document())),
        Doors(node=host.door(DESK)),
        options=Options(open_metrics=True),
        health=lambda: health,
    )
    httpx.get(f"{served.url}/healthz", trust_env=False)
    told = httpx.get(f"{served.url}/metrics", trust_env=False).text
    served.close()
    host.close()
    check_names("hanse", told, least=10)
    for sample in ('code="fork"', 'status="halted"', 'party="birch",state="open"'):
        assert sample in told, "the rules look for these values"


def test_every_metric_and_label_of_cometbft_is_served(two_validators: str) -> None:
    check_names("cometbft", two_validators, least=8)


@pytest.fixture
def two_validators(tmp_path: Path) -> Iterator[str]:
    """What CometBFT tells of itself, one of two that agree: some metrics need another one in reach."""
    program = str(cometbft())
    testnet = [program, "testnet", "--v", "2", "--o", str(tmp_path)]
    subprocess.run(testnet, check=True, capture_output=True)
    ports = free_ports(5)
    with ExitStack() as running:
        for number in (0, 1):
            home = tmp_path / f"node{number}"
            config = (home / "config" / "config.toml").read_text()
            for pattern, value in {
                "addr_book_strict": "false",
                "allow_duplicate_ip": "true",
                "persistent_peers": f'"{node_id_of(program, tmp_path / "node1")}@127.0.0.1:{ports[3]}"',
                "prometheus": "true" if number == 0 else "false",
                "prometheus_listen_addr": f'"127.0.0.1:{ports[4]}"',
            }.items():
                config = re.sub(rf"^{pattern} = .*$", f"{pattern} = {value}", config, flags=re.MULTILINE)
            (home / "config" / "config.toml").write_text(config)
            command = [program, "start", "--home", str(home), "--proxy_app", "kvstore", "--rpc.laddr"]
            command += [
                f"tcp://127.0.0.1:{ports[number]}",
                "--p2p.laddr",
                f"tcp://127.0.0.1:{ports[2 + number]}",
            ]
            process = running.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            running.callback(process.kill)
        url = f"http://127.0.0.1:{ports[4]}/metrics"
        wait_until(
            lambda: "cometbft_consensus_validator_last_signed_height{" in told_by(url), "blocks are made"
        )
        yield told_by(url)


def node_id_of(program: str, home: Path) -> str:
    words = [program, "show-node-id", "--home", str(home)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def told_by(url: str) -> str:
    try:
        return httpx.get(url, trust_env=False).text
    except httpx.TransportError:
        return ""


def check_names(prefix: str, told: str, *, least: int) -> None:
    """Every metric of ours in rules and dashboard is told, with the labels by which it is chosen."""
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(told):
        labels.setdefault(family.name, set())
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    texts = [RULES.read_text(), *expressions()]
    chosen = [
        (name, set(re.findall(r"(\w+) *(?:=~|!=|=)", selector)))
        for text in texts
        for name, selector in re.findall(rf"\b({prefix}_[a-z0-9_]+)(?:{{([^}}]*)}})?", text)
    ]
    assert len({name for name, _ in chosen}) >= least
    for name, asked in chosen:
        assert name in labels, name
        assert asked - BY_PROMETHEUS <= labels[name], name
