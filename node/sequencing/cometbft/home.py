"""CometBFT's own folder: configuration, genesis and keys, made from the consortium document.

Validators are the parties that may order, each with its log key and one vote (ADR 0028).
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hanse_ledger.bodies import STATEMENT_LIMIT
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId, month_start
from hanse_ledger.signing import SEED_BYTES, SigningKey
from node.errors import SettingsError
from node.files import OWNER_ONLY, write_new, write_whole
from node.sequencing.cometbft.validators import POWER, validators_of

BLOCK_BYTES_MOST: Final = 4 << 20
RPC_SOCKET: Final = "rpc.sock"
ABCI_SOCKET: Final = "abci.sock"
_ADDRESS_BYTES: Final = 20
_HOURS_48_NS: Final = 172_800_000_000_000
_CHAIN_ID_MOST: Final = 50
_SOCKET_PATH_MOST: Final = 107
_NODE_KEY_INFO: Final = b"hanse/v1/cometbft-node-key"


def chain_id(consortium: Consortium) -> str:
    """Return the name of the chain: of the founding document, as CometBFT's names are short."""
    return f"hanse-{consortium.hash.hex()[: _CHAIN_ID_MOST - 6]}"


def validator_address(public: bytes) -> bytes:
    """Return the address by which CometBFT names a validator's key."""
    return hashlib.sha256(public).digest()[:_ADDRESS_BYTES]


def node_id(public: bytes) -> str:
    """Return the id of a node's key among peers."""
    return hashlib.sha256(public).digest()[:_ADDRESS_BYTES].hex()


def node_seed(log_seed: bytes) -> bytes:
    """Return the seed of the key by which a validator's CometBFT is known to its peers.

    HKDF-SHA256 (RFC 5869) of the log key's seed: a party's card can name it before there is any folder.
    """
    return HKDF(SHA256(), length=SEED_BYTES, salt=None, info=_NODE_KEY_INFO).derive(log_seed)


def genesis_of(consortium: Consortium) -> dict[str, Any]:
    """Return CometBFT's genesis, which is the same at every validator: it follows from the document."""
    return {
        "genesis_time": f"{month_start(consortium.first_month).isoformat()}T00:00:00Z",
        "chain_id": chain_id(consortium),
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(BLOCK_BYTES_MOST), "max_gas": "-1"},
            "evidence": {
                "max_age_num_blocks": "100000",
                "max_age_duration": str(_HOURS_48_NS),
                "max_bytes": "1048576",
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": "1"},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": validator_address(public).hex().upper(),
                "pub_key": _public(public),
                "power": str(POWER),
                "name": party,
            }
            for party, public in validators_of(consortium).items()
        ],
        "app_hash": "",
    }


def write_home(
    folder: Path,
    *,
    founding: Consortium,
    consortium: Consortium,
    party: PartyId,
    log_seed: bytes,
    listen: str,
    peers: Mapping[PartyId, str],
    metrics: str | None = None,
) -> None:
    """Write a validator's folder; what signs and what it has signed last are written once, and never again.

    The chain's genesis follows from the `founding` document, who agrees now from the one in force (or to
    come). `peers` says of every validator where its CometBFT is: node id, `@`, host and port. Raises
    SettingsError for a party that is no validator, or one with another key than the document's.
    """
    if validators_of(consortium).get(party) != SigningKey(log_seed).public:
        raise SettingsError("the party is none of those that agree on the order, or has another log key")
    if len(str(folder / ABCI_SOCKET).encode()) > _SOCKET_PATH_MOST:
        raise SettingsError("the folder's path is too long for a Unix socket in it")
    for part in ("config", "data"):
        (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(folder / "config" / "genesis.json", _json(genesis_of(founding)))
    write_whole(
        folder / "config" / "config.toml",
        _config(folder, party=party, listen=listen, peers=peers, metrics=metrics).encode(),
    )
    _write_once(folder / "config" / "node_key.json", {"priv_key": _private(node_seed(log_seed))})
    _write_once(folder / "config" / "priv_validator_key.json", _validator_key(log_seed))
    _write_once(folder / "data" / "priv_validator_state.json", {"height": "0", "round": 0, "step": 0})


def take_validator_key(folder: Path, log_seed: bytes) -> bool:
    """Let CometBFT sign with another key from its next start on; say whether it was another.

    What was signed last stays: it is compared by height, whichever key has signed it.
    """
    path = folder / "config" / "priv_validator_key.json"
    raw = _json(_validator_key(log_seed))
    if path.read_bytes() == raw:
        return False
    write_whole(path, raw, OWNER_ONLY)
    return True


def check_home(folder: Path, founding: Consortium, log_keys: Collection[bytes]) -> None:
    """Raise SettingsError unless `write_home` has written a folder, for this consortium and such a key."""
    genesis, key = folder / "config" / "genesis.json", folder / "config" / "priv_validator_key.json"
    state = folder / "data" / "priv_validator_state.json"
    for path in (genesis, key, state):
        if not path.is_file():
            # Without its state a validator could sign twice what it has signed before.
            raise SettingsError(f"cometbft.home: no {path.name}; hanse node init-cometbft makes a new folder")
    if _kept(genesis, "chain_id") != chain_id(founding):
        raise SettingsError("cometbft.home: it is another consortium's")
    if _kept(key, "pub_key") not in map(_public, log_keys):
        raise SettingsError("cometbft.home: its validator key is not this party's log key")


def has_node_key(folder: Path) -> bool:
    """Say whether a folder has the key by which its CometBFT is known."""
    return (folder / "config" / "node_key.json").is_file()


def kept_node_id(folder: Path) -> str:
    """Return the id by which a folder's CometBFT is known to its peers, whatever it signs with by now."""
    key = _kept(folder / "config" / "node_key.json", "priv_key", "value")
    return node_id(SigningKey(base64.b64decode(key)[:SEED_BYTES]).public)


def check_signed(folder: Path, height: int) -> None:
    """Raise SettingsError where a validator would forget that it has signed a block of a height.

    Blocks say what it has signed. Its own state may be ahead of them; behind them it came from a backup, and
    it could sign the same height twice.
    """
    state = folder / "data" / "priv_validator_state.json"
    if int(_kept(state, "height")) < height:
        raise SettingsError(
            f"cometbft.home: {state.name} is older than what this validator has signed (ends before block"
            f" {height}): take the newest, or replace the validator's key"
        )


def _kept(path: Path, *names: str) -> Any:
    """Return a value of a file of CometBFT's folder; raises SettingsError where none stands there."""
    try:
        found = json.loads(path.read_bytes())
        for name in names:
            found = found[name]
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"cometbft.home: {path.name} is damaged") from error
    return found


def _write_once(path: Path, content: dict[str, Any]) -> None:
    if not path.exists():
        write_new(path, _json(content), OWNER_ONLY)


def _config(
    folder: Path, *, party: PartyId, listen: str, peers: Mapping[PartyId, str], metrics: str | None
) -> str:
    """Return config.toml: what is not there keeps CometBFT's default."""
    others = ",".join(peer for other, peer in peers.items() if other != party)
    sections: dict[str, dict[str, object]] = {
        "": {
            "proxy_app": f"unix://{folder / ABCI_SOCKET}",
            "abci": "socket",
            "moniker": party,
            "log_level": "error",
        },
        "rpc": {"laddr": f"unix://{folder / RPC_SOCKET}", "max_body_bytes": 2 * STATEMENT_LIMIT},
        "p2p": {
            "laddr": f"tcp://{listen}",
            "persistent_peers": others,
            "pex": False,
            "addr_book_strict": False,
            "allow_duplicate_ip": True,
            "flush_throttle_timeout": "1ms",
            "max_packet_msg_payload_size": 65_536,
            "send_rate": 51_200_000,
            "recv_rate": 51_200_000,
        },
        "mempool": {"max_tx_bytes": STATEMENT_LIMIT},
        # Each round has half a second more. With a validator down, a block that it should propose costs the
        # first and the third of these, and every other block the last (docs/performance.md).
        "consensus": {
            "timeout_propose": "200ms",
            "timeout_prevote": "100ms",
            "timeout_precommit": "50ms",
            "timeout_commit": "20ms",
            "skip_timeout_commit": True,
            "create_empty_blocks": False,
            "create_empty_blocks_interval": "10s",
            "peer_gossip_sleep_duration": "5ms",
        },
        "instrumentation": {
            "prometheus": metrics is not None,
            "prometheus_listen_addr": metrics or "",
        },
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: Mapping[str, object]) -> str:
    # JSON's texts, numbers and booleans are TOML's.
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines] if name else lines) + "\n"


def _validator_key(seed: bytes) -> dict[str, Any]:
    public = SigningKey(seed).public
    return {
        "address": validator_address(public).hex().upper(),
        "pub_key": _public(public),
        "priv_key": _private(seed),
    }


def _public(public: bytes) -> dict[str, str]:
    return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(public).decode()}


def _private(seed: bytes) -> dict[str, str]:
    whole = seed + SigningKey(seed).public
    return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(whole).decode()}


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"
