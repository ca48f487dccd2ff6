"""What both forms of the client are made of."""

from hanse_client.config import ApiKey, Limits, Surroundings, parse_base_url
from hanse_client.drivers import Wire
from hanse_client.session import Session
from hanse_client.trust import Seen, Trust, TrustSource


class Client:
    """What both forms are made of."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        trust: TrustSource,
        party: str | None = None,
        limits: Limits | None = None,
        allow_http: bool = False,
        surroundings: Surroundings | None = None,
    ) -> None:
        limits, around = limits or Limits(), surroundings or Surroundings()
        url = parse_base_url(base_url, allow_http=allow_http)
        self._wire = Wire(url, ApiKey(api_key), limits, around)
        self._session = Session(trust=Trust.load(trust), limits=limits, around=around, seen=Seen(party))
        self._name = f"{type(self).__name__}({str(url)!r}, trust={self._session.trust.hash[:12]}...)"

    @property
    def trust(self) -> Trust:
        """The pinned consortium document; `trust.hash` is what parties compare."""
        return self._session.trust

    def __repr__(self) -> str:
        return self._name
