"""The key files of a demo: seeds that one party has dealt to all, in plain JSON for its owner alone.

No node of its own takes one (`keystore` has those).
"""

import json
import stat
from pathlib import Path
from typing import Final

from consortium_config.sample import DealtKeys
from hanse_ledger.errors import CorruptionError
from hanse_ledger.privacy.group import Scalar
from hanse_ledger.signing import SigningKey
from node.files import OWNER_ONLY, write_new
from node.keystore import PartyKeys

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_NAMES: Final = ("statement", "cosign", "log", "key_share")


def write_dealt_keys(path: Path, keys: DealtKeys) -> None:
    """Write a new key file, readable by its owner alone; refuses to replace one."""
    values = (keys.statement_seed, keys.cosign_seed, keys.log_seed, keys.key_share)
    content = {name: value.hex() for name, value in zip(_NAMES, values, strict=True) if value is not None}
    write_new(path, json.dumps(content).encode(), OWNER_ONLY)


def read_dealt_keys(path: Path) -> PartyKeys:
    """Read a key file; refuses one that others may read."""
    if path.stat().st_mode & _OTHERS:
        raise CorruptionError("a key file that others may read; make it readable by its owner alone")
    content = {name: bytes.fromhex(value) for name, value in json.loads(path.read_text()).items()}
    statement, cosign, log, key_share = (content.get(name) for name in _NAMES)
    return keys_of(
        DealtKeys(
            statement_seed=statement or b"",
            cosign_seed=cosign or b"",
            log_seed=log,
            key_share=None if key_share is None else Scalar(key_share),
        )
    )


def keys_of(dealt: DealtKeys) -> PartyKeys:
    """Return the keys of dealt seeds."""
    return PartyKeys(
        statement=SigningKey(dealt.statement_seed),
        cosign=SigningKey(dealt.cosign_seed),
        log=None if dealt.log_seed is None else SigningKey(dealt.log_seed),
        key_share=dealt.key_share,
    )
