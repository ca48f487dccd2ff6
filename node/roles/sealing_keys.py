"""A steward's sealing keys: one for each quarter of log months, destroyed 13 months after it (section 10)."""

from typing import Final

from sqlalchemy import select

from hanse_ledger.codec import encode
from hanse_ledger.ids import KeyId, Month, quarter_of
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey
from node.roles.messages import renewed
from node.roles.party import Standing
from node.storage.schema import sealing_key

_QUARTER: Final = 3
_KEPT_MONTHS: Final = 13


class SealingKeys:
    """Made when first needed, stored before anyone sees the public part, never backed up."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._open: dict[KeyId, SealingPrivateKey] = {}

    def serve(self) -> bytes:
        """Return a CBOR array of the signed messages of the keys that can be sealed to."""
        self.ensure()
        with self._standing.database.read() as connection:
            query = select(sealing_key.c.signed).order_by(sealing_key.c.first_month)
            stored = list(connection.execute(query).scalars())
        return encode([renewed(signed, self._standing) for signed in stored])

    def private(self, key_id: KeyId) -> SealingPrivateKey | None:
        """Return an own key that has not been destroyed yet, or None."""
        if key_id not in self._open:
            query = select(sealing_key.c.private).where(sealing_key.c.key_id == key_id)
            with self._standing.database.read() as connection:
                raw = connection.execute(query).scalar()
            if raw is None:
                return None
            self._open[key_id] = SealingPrivateKey(raw)
        return self._open[key_id]

    def ensure(self) -> None:
        """Make the key of the running quarter, and destroy those whose time is over."""
        quarter = quarter_of(self._standing.state.log_month)
        with self._standing.database.read() as connection:
            months = set(connection.execute(select(sealing_key.c.first_month)).scalars())
        expired = {month for month in months if month + _QUARTER - 1 + _KEPT_MONTHS < quarter}
        if quarter in months and not expired:
            return
        with self._standing.database.write() as connection:
            connection.execute(sealing_key.delete().where(sealing_key.c.first_month.in_(expired)))
            if quarter not in months:
                connection.execute(sealing_key.insert(), self._make(quarter))
        self._open.clear()
        if expired:
            self._standing.database.forget()

    def _make(self, quarter: Month) -> dict[str, object]:
        key = SealingPrivateKey.generate(self._standing.entropy(PRIVATE_KEY_BYTES))
        consortium, x = self._standing.consortium.id, self._standing.party.x
        payload = [consortium, x, key.public_key, quarter, quarter + _QUARTER - 1]
        return {
            "key_id": key.key_id,
            "first_month": quarter,
            "private": key.to_bytes(),
            "signed": self._standing.sign_message("sealing-key", payload),
        }
