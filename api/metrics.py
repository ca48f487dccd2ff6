"""Prometheus metrics: requests by route, and how the node stands. No label names a subject."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hanse_ledger.errors import UnavailableError
from node.health import Agreed
from node.service import NodeService

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one application."""

    def __init__(self, service: NodeService) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "hanse_http_requests", "Requests.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "hanse_http_request_seconds",
            "How long requests took.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.statements = Counter(
            "hanse_statements_accepted",
            "Statements that this node took for the log, those that it had already included.",
            registry=self.registry,
        )
        self.registry.register(_NodeCollector(service))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class _NodeCollector(Collector):
    """Reads how the node stands, when somebody looks."""

    def __init__(self, service: NodeService) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Give the gauges of this moment."""
        health = self._service.health
        yield _gauge("hanse_log_size", "Statements in this node's copy of the log.", health.size)
        yield _gauge(
            "hanse_log_checkpoint_size", "Size of the newest checkpoint.", health.checkpoint_size or 0
        )
        yield _gauge(
            "hanse_log_lag", "Statements that the sequencer has shown and this node lacks.", health.lag
        )
        yield _gauge("hanse_up", "Whether the node serves.", int(health.status in {"ok", "degraded"}))
        yield _gauge(
            "hanse_mailbox_waiting", "Requests that wait for the node's thread.", self._service.waiting
        )
        yield _labelled("hanse_status", "How the node stands.", "status", {health.status: 1})
        problems = {problem.code: 1 for problem in health.problems}
        yield _labelled("hanse_problem", "What is wrong with the log or its orderer.", "code", problems)
        peers = GaugeMetricFamily("hanse_peer", "How the way to another party is.", labels=("party", "state"))
        for party, state in health.peers.items():
            peers.add_metric((party, state), 1)
        yield peers
        yield from _agreement(health.agreement)
        yield from self._stored()

    def _stored(self) -> Iterator[Metric]:
        try:
            counts = self._service.own.figures()
        except UnavailableError:
            return  # the database is away: what does not need it is still shown
        yield _gauge("hanse_outbox_pending", "Own statements on their way to the log.", counts.pending)
        yield _labelled("hanse_inquiries", "Own inquiries by their status.", "status", counts.inquiries)
        yield _labelled("hanse_portfolios", "Portfolios by their state.", "state", counts.portfolios)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _labelled(name: str, documentation: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for value, count in sorted(values.items()):
        family.add_metric((value,), count)
    return family


def _agreement(agreed: Agreed | None) -> Iterator[Metric]:
    """Give how CometBFT stands, at a validator's node."""
    if agreed is None:
        return
    yield _gauge("hanse_agreement_height", "Height of CometBFT's last block.", agreed.height)
    yield _gauge("hanse_agreement_peers", "Validators that CometBFT is connected with.", agreed.peers)
    catching_up = int(agreed.is_catching_up)
    yield _gauge(
        "hanse_agreement_catching_up", "Whether CometBFT lacks blocks that others have.", catching_up
    )
    yield _gauge("hanse_agreement_restarts", "How often CometBFT was started again.", agreed.restarts)
