"""One client's fixed setting, shared by all its calls."""

from dataclasses import dataclass
from typing import Any

from hanse_client.config import Limits, Surroundings
from hanse_client.problems import parse_json
from hanse_client.steps import Reply, Request, Steps, exchange, post
from hanse_client.trust import Seen, Trust
from hanse_client.verification import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What every call needs; any number of them may use it at once."""

    trust: Trust
    limits: Limits
    around: Surroundings
    seen: Seen

    @property
    def verifier(self) -> Verifier:
        """What answers are held against."""
        return Verifier(trust=self.trust, seen=self.seen, limits=self.limits, around=self.around)

    def send(self, request: Request, *, after_s: float = 0.0) -> Steps[Reply]:
        """Wait, then send until there is an answer."""
        return (yield from exchange(request, self.limits, self.around, after_s=after_s))

    def read(self, request: Request, *, after_s: float = 0.0) -> Steps[dict[str, Any]]:
        """Wait, send, and read the answer as a JSON object."""
        reply = yield from self.send(request, after_s=after_s)
        return parse_json(reply.body)

    def create(self, path: str, content: Any) -> Steps[dict[str, Any]]:
        """POST JSON under a key of its own, and read the answer as a JSON object."""
        return (yield from self.read(post(path, content, self.around)))
