"""A party's private keys in a file that only its owner may read."""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from consortium_config.sample import DealtKeys
from hanse_ledger.errors import CorruptionError
from hanse_ledger.signing import SigningKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NAMES = ("statement", "cosign", "log", "key_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyKeys:
    """The keys that a party's roles call for; a steward has a share of the token key."""

    statement: SigningKey
    cosign: SigningKey
    log: SigningKey | None
    key_share: bytes | None = field(repr=False)


def write_keys(path: Path, keys: DealtKeys) -> None:
    """Write a new key file, readable by its owner alone; refuses to replace one."""
    values = (keys.statement_seed, keys.cosign_seed, keys.log_seed, keys.key_share)
    content = {name: value.hex() for name, value in zip(_NAMES, values, strict=True) if value is not None}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def read_keys(path: Path) -> PartyKeys:
    """Read a key file; refuses one that others may read."""
    if path.stat().st_mode & _OTHERS:
        raise CorruptionError("a key file that others may read; make it readable by its owner alone")
    content = json.loads(path.read_text())
    log, key_share = content.get("log"), content.get("key_share")
    return PartyKeys(
        statement=SigningKey(bytes.fromhex(content["statement"])),
        cosign=SigningKey(bytes.fromhex(content["cosign"])),
        log=None if log is None else SigningKey(bytes.fromhex(log)),
        key_share=None if key_share is None else bytes.fromhex(key_share),
    )
