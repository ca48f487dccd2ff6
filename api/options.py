"""What of a node's settings concerns its HTTP interface alone."""

from dataclasses import dataclass, field

from api.limits import Rate
from node.settings import NodeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an application serves its node."""

    docs: bool = True
    open_metrics: bool = False
    per_key: Rate = field(default_factory=lambda: Rate(per_s=100, burst=1_000))
    per_party: Rate = field(default_factory=lambda: Rate(per_s=500, burst=5_000))
    per_address: Rate = field(default_factory=lambda: Rate(per_s=2_000, burst=20_000))

    @classmethod
    def of(cls, settings: NodeSettings) -> "Options":
        """Return the options that settings ask for."""

        def rate(per_s: float) -> Rate:
            return Rate(per_s=per_s, burst=max(1, int(10 * per_s)))

        return cls(
            docs=settings.docs,
            open_metrics=settings.open_metrics,
            per_key=rate(settings.rate_per_key),
            per_party=rate(settings.rate_per_party),
            per_address=rate(settings.rate_per_address),
        )
