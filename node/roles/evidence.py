"""What shows that another party was wrong is kept, as the exact bytes it signed or sent."""

import logging
from typing import Final, Literal, TypeAlias

from hanse_ledger.codec import Value, encode
from hanse_ledger.ids import PartyId
from node.storage.database import Database
from node.storage.schema import evidence

_log = logging.getLogger(__name__)

Wrong: TypeAlias = Literal["evaluation", "answer", "sealing-key", "seed", "seed-hash", "inquiry-counts"]
_KEPT_MOST: Final = 1 << 20


def keep_evidence(database: Database, *, kind: Wrong, party: PartyId, content: Value) -> None:
    """Store what a party sent and what it was asked, and say so without their content."""
    raw = encode(content)
    if len(raw) <= _KEPT_MOST:
        with database.write() as connection:
            connection.execute(evidence.insert(), {"kind": kind, "party": party, "content": raw})
    _log.warning("%s sent a %s that does not hold; it is kept as evidence", party, kind)
