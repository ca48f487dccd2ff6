"""A steward's share of the token key: held from the start, or got from two others and kept."""

from collections.abc import Callable
from typing import Final

from hanse_ledger.errors import CorruptionError, UnavailableError, VerificationError
from hanse_ledger.privacy.group import Scalar, parse_nonzero_scalar
from hanse_ledger.privacy.voprf import public_share
from node.roles.party import Standing

_WAITS: Final = "this steward still waits for its share of the token key"


class TokenKey:
    """k_x, which fits the K_x of the document or is not held."""

    def __init__(self, standing: Standing, share: bytes | None, keep: Callable[[bytes], None]) -> None:
        """`keep` stores a share before it is used. Raises CorruptionError for one that does not fit."""
        self._standing, self._share, self._keep = standing, share, keep
        if share is not None and public_share(share) != standing.party.token_key:
            raise CorruptionError("the steward's key share does not belong to its K_x")

    @property
    def is_held(self) -> bool:
        """Whether the share is there."""
        return self._share is not None

    def share(self) -> bytes:
        """Return the share; raises UnavailableError while it is not there."""
        if self._share is None:
            raise UnavailableError(_WAITS)
        return self._share

    def take(self, share: Scalar) -> None:
        """Store what two others have given; raises VerificationError where it does not fit K_x."""
        parse_nonzero_scalar(share)
        if public_share(share) != self._standing.party.token_key:
            raise VerificationError("the share that two stewards gave does not belong to its K_x")
        self._keep(share)
        self._share = share
