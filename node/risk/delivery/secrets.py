"""Secrets of webhooks and the mail server's password: in files that their owner alone may read."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.errors import KeyFileError, SettingsError
from node.files import OWNER_ONLY, check_private, write_new
from node.ports import Entropy

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
_LEAST, _MOST = 24, 64
"""Standard Webhooks: between 24 and 64 bytes."""
_FILE_MOST: Final = 4_096
_SECRETS_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class Secret:
    """What a webhook's sender and receiver share."""

    key: bytes = field(repr=False)

    def sign(self, *, message_id: str, timestamp: int, body: bytes) -> str:
        """Return a signature of Standard Webhooks, scheme v1: HMAC-SHA256 of `id.timestamp.body`."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()


def new_secret_file(path: Path, entropy: Entropy) -> str:
    """Draw a secret, write it to a new file of its owner's alone and return it."""
    secret = PREFIX + base64.b64encode(entropy(SECRET_BYTES)).decode()
    write_new(path, f"{secret}\n".encode(), OWNER_ONLY)
    return secret


def read_secrets(path: Path) -> tuple[Secret, ...]:
    """Return a file's secrets, the newest first; raises KeyFileError or SettingsError."""
    lines = read_private(path).split("\n")
    secrets = tuple(_secret(line.strip()) for line in lines if line.strip())
    if not 1 <= len(secrets) <= _SECRETS_MOST:
        raise SettingsError(f"it holds 1 to {_SECRETS_MOST} secrets, one a line")
    return secrets


def read_private(path: Path) -> str:
    """Return the text of a file; raises KeyFileError where others may read it, SettingsError."""
    check_private(path)
    raw = path.read_bytes()
    if len(raw) > _FILE_MOST:
        raise SettingsError(f"a file with a secret has at most {_FILE_MOST} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SettingsError("a file with a secret is UTF-8") from None


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Raise SettingsError with the field of the settings whose file cannot be used."""
    try:
        yield
    except (KeyFileError, SettingsError) as error:
        raise SettingsError(f"{field}: {error}") from error
    except OSError as error:
        raise SettingsError(f"{field}: {error.strerror}") from error


def _secret(line: str) -> Secret:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise SettingsError(f"it holds {PREFIX} and base64 of {_LEAST} to {_MOST} bytes")
    return Secret(key)
