"""A party's private keys in a file that opens with its passphrase (docs/adr/0012).

RFC 8785 JSON: a header that anybody may read (format, consortium, party, how the passphrase makes the key)
and the secrets under AES-256-GCM, with that header as associated data. The key is scrypt of the passphrase;
each writing draws another salt and nonce. A file is written new or replaced whole, never changed in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from consortium_config.draft import canonical_json
from hanse_ledger.documents import Fields, parse_canonical
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.privacy.dkg import SEED_BYTES as DKG_SEED_BYTES
from hanse_ledger.privacy.group import SCALAR_BYTES, Scalar
from hanse_ledger.signing import PUBLIC_KEY_BYTES, SEED_BYTES, SigningKey
from node.errors import KeyFileError, PassphraseError
from node.files import OWNER_ONLY, check_private, write_new, write_whole
from node.passphrase import Passphrase
from node.ports import Entropy

FORMAT: Final = "hanse-keys/1"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_FILE_MOST: Final = 65_536
_KDF: Final = "scrypt"
_CIPHER: Final = "AES-256-GCM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What opening a file costs: 128 n r bytes of memory, and time in proportion to n p."""

    n: int
    r: int
    p: int


COST: Final = Cost(n=1 << 17, r=8, p=1)
"""128 MB and about half a second."""
N_LEAST, N_MOST = 1 << 14, 1 << 20
_R, _P_MOST = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """The seeds of a party's signing keys; only who may order the log has a `log` one."""

    statement: bytes = field(repr=False)
    cosign: bytes = field(repr=False)
    log: bytes | None = field(default=None, repr=False)

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every seed that is there."""
        return tuple(seed for seed in (self.statement, self.cosign, self.log) if seed is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a key file holds.

    `following` are keys that no document names yet. `retired` are public statement keys that this party has
    had. A steward has a `dkg_seed` while the token key is being made, and its k_x from then on.
    """

    consortium: ConsortiumId
    party: PartyId
    seeds: Seeds
    following: Seeds | None = None
    retired: tuple[bytes, ...] = ()
    key_share: Scalar | None = field(default=None, repr=False)
    dkg_seed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyKeys:
    """The keys that a party's roles call for; a steward has a share of the token key.

    `following` are the keys that a document to come may name, `retired` public statement keys that earlier
    documents named.
    """

    statement: SigningKey
    cosign: SigningKey
    log: SigningKey | None
    key_share: bytes | None = field(repr=False)
    following: tuple[SigningKey, ...] = ()
    retired: tuple[bytes, ...] = ()

    @property
    def signing(self) -> tuple[SigningKey, ...]:
        """Every signing key that is held."""
        log = () if self.log is None else (self.log,)
        return (self.statement, self.cosign, *log, *self.following)


def draw_seeds(entropy: Entropy, *, orders: bool) -> Seeds:
    """Draw a party's signing keys."""
    return Seeds(
        statement=entropy(SEED_BYTES),
        cosign=entropy(SEED_BYTES),
        log=entropy(SEED_BYTES) if orders else None,
    )


def party_keys(secrets: Secrets) -> PartyKeys:
    """Return the keys of a file's secrets."""
    seeds, following = secrets.seeds, secrets.following
    return PartyKeys(
        statement=SigningKey(seeds.statement),
        cosign=SigningKey(seeds.cosign),
        log=None if seeds.log is None else SigningKey(seeds.log),
        key_share=secrets.key_share,
        following=() if following is None else tuple(map(SigningKey, following.all)),
        retired=secrets.retired,
    )


def create_keys(
    path: Path, secrets: Secrets, passphrase: Passphrase, entropy: Entropy, cost: Cost | None = None
) -> None:
    """Write a new key file, for its owner alone; FileExistsError where there is one."""
    write_new(path, _encrypt(secrets, passphrase, entropy, cost or COST), OWNER_ONLY)
    check_private(path)


def replace_keys(
    path: Path, secrets: Secrets, passphrase: Passphrase, entropy: Entropy, cost: Cost | None = None
) -> None:
    """Put other content in a key file's place; a crash leaves the old file or the new one."""
    check_private(path)
    write_whole(path, _encrypt(secrets, passphrase, entropy, cost or COST), OWNER_ONLY)


def open_keys(path: Path, passphrase: Passphrase) -> Secrets:
    """Read a key file.

    Raises KeyFileError for what is no key file or is open to others, PassphraseError where it does not open.
    """
    header, sealed = _read(path)
    key = _derive(passphrase, header.salt, header.cost)
    try:
        raw = AESGCM(key).decrypt(header.nonce, sealed, canonical_json(header.fields))
    except InvalidTag:
        raise PassphraseError("the passphrase is another one, or the file was changed") from None
    return _parse_secrets(raw, header)


def read_owner(path: Path) -> tuple[ConsortiumId, PartyId]:
    """Return whose key file it is, as its header says: no passphrase is needed, and nothing is proven."""
    header, _ = _read(path)
    return header.consortium, header.party


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    consortium: ConsortiumId
    party: PartyId
    cost: Cost
    salt: bytes
    nonce: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "consortium": self.consortium,
            "party": self.party,
            "kdf": {
                "name": _KDF,
                "n": self.cost.n,
                "r": self.cost.r,
                "p": self.cost.p,
                "salt": self.salt.hex(),
            },
            "cipher": {"name": _CIPHER, "nonce": self.nonce.hex()},
        }


def _encrypt(secrets: Secrets, passphrase: Passphrase, entropy: Entropy, cost: Cost) -> bytes:
    header = _Header(
        consortium=secrets.consortium,
        party=secrets.party,
        cost=cost,
        salt=entropy(SALT_BYTES),
        nonce=entropy(NONCE_BYTES),
    )
    key = _derive(passphrase, header.salt, cost)
    plain = canonical_json(_secret_fields(secrets))
    sealed = AESGCM(key).encrypt(header.nonce, plain, canonical_json(header.fields))
    return canonical_json({**header.fields, "sealed": sealed.hex()})


def _derive(passphrase: Passphrase, salt: bytes, cost: Cost) -> bytes:
    kdf = Scrypt(salt=salt, length=_KEY_BYTES, n=cost.n, r=cost.r, p=cost.p)
    return kdf.derive(passphrase.secret)


def _read(path: Path) -> tuple[_Header, bytes]:
    check_private(path)
    raw = path.read_bytes()
    if len(raw) > _FILE_MOST:
        raise KeyFileError("the file is too large to be a key file")
    try:
        return _parse_file(raw)
    except DocumentError as error:
        raise KeyFileError(f"{error}; `hanse party new` makes key files") from error


def _parse_file(raw: bytes) -> tuple[_Header, bytes]:
    fields = Fields(parse_canonical(raw), "")
    _expect(fields, "format", FORMAT)
    kdf, cipher = Fields(fields.take("kdf"), "kdf"), Fields(fields.take("cipher"), "cipher")
    _expect(kdf, "name", _KDF)
    _expect(cipher, "name", _CIPHER)
    # Bounds on what a file may make its reader do; below, a passphrase is tried out too cheaply.
    cost = Cost(
        n=kdf.number("n", least=N_LEAST, most=N_MOST),
        r=kdf.number("r", least=_R, most=_R),
        p=kdf.number("p", least=1, most=_P_MOST),
    )
    if cost.n & (cost.n - 1):
        kdf.refuse("n", "must be a power of two")
    header = _Header(
        consortium=ConsortiumId(fields.text("consortium")),
        party=PartyId(fields.text("party")),
        cost=cost,
        salt=kdf.hex("salt", SALT_BYTES),
        nonce=cipher.hex("nonce", NONCE_BYTES),
    )
    text = fields.text("sealed")
    for one in (fields, kdf, cipher):
        one.done()
    try:
        return header, bytes.fromhex(text)
    except ValueError:
        raise DocumentError(field="sealed", reason="must be hex") from None


def _expect(fields: Fields, name: str, value: str) -> None:
    if fields.text(name) != value:
        fields.refuse(name, f"must be {value}")


def _secret_fields(secrets: Secrets) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "keys": _seed_fields(secrets.seeds),
        "retired": [public.hex() for public in secrets.retired],
    }
    if secrets.following is not None:
        fields["following"] = _seed_fields(secrets.following)
    if secrets.key_share is not None:
        fields["key_share"] = secrets.key_share.hex()
    if secrets.dkg_seed is not None:
        fields["dkg_seed"] = secrets.dkg_seed.hex()
    return fields


def _seed_fields(seeds: Seeds) -> Mapping[str, str]:
    named = (("statement", seeds.statement), ("cosign", seeds.cosign), ("log", seeds.log))
    return {name: seed.hex() for name, seed in named if seed is not None}


def _parse_secrets(raw: bytes, header: _Header) -> Secrets:
    try:
        fields = Fields(parse_canonical(raw), "")
        secrets = Secrets(
            consortium=header.consortium,
            party=header.party,
            seeds=_seeds(fields.take("keys"), "keys"),
            following=_seeds(fields.take("following"), "following") if fields.has("following") else None,
            retired=fields.list_of("retired", _public_key),
            key_share=_optional(fields, "key_share", SCALAR_BYTES),
            dkg_seed=_optional(fields, "dkg_seed", DKG_SEED_BYTES),
        )
        fields.done()
    except DocumentError as error:
        raise KeyFileError(f"what the file holds: {error}") from error
    return secrets


def _seeds(value: object, place: str) -> Seeds:
    fields = Fields(value, place)
    seeds = Seeds(
        statement=fields.hex("statement", SEED_BYTES),
        cosign=fields.hex("cosign", SEED_BYTES),
        log=_optional(fields, "log", SEED_BYTES),
    )
    fields.done()
    return seeds


def _optional(fields: Fields, name: str, size: int) -> Any:
    return fields.hex(name, size) if fields.has(name) else None


def _public_key(value: object, place: str) -> bytes:
    return Fields({place: value}, "").hex(place, PUBLIC_KEY_BYTES)
