"""The worked logs of tests/vectors/tlog: their entries, keys, and a tree that remembers every node."""

from dataclasses import dataclass
from pathlib import Path

from support import VECTORS, vectors

from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import Frontier, leaf_hash
from hanse_ledger.note import NoteSigner, NoteVerifier, SignatureType, parse_note
from hanse_ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness
from hanse_ledger.signing import SigningKey
from hanse_ledger.tiles import hash_tile, tile_paths

TLOG = VECTORS / "tlog"
TIME_S = 1795219200
LOG_KEY = SigningKey(bytes(range(0x20)))
COSIGNER_KEY = SigningKey(bytes(range(0x20, 0x40)))
ORIGIN = "ledger.example/credit"
COSIGNER = "member-b.example/w1"


class Tree:
    """A log in memory. `read` is its HashReader and fails on nodes that are not complete."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self.frontier = Frontier()
        self._nodes: dict[tuple[int, int], NodeHash] = {}
        for entry in entries:
            self._nodes.update(
                ((level, position), node) for level, position, node in self.frontier.append(leaf_hash(entry))
            )

    def read(self, level: int, index: int) -> NodeHash:
        return self._nodes[level, index]

    def tiles(self) -> dict[str, bytes]:
        paths = [path for path in tile_paths(len(self.entries)) if path.level is not None]
        return {path.encode(): hash_tile(path, self.read) for path in paths}


@dataclass(frozen=True)
class WorkedLog:
    folder: Path
    entries: list[bytes]
    origin: str
    cosigner: str

    def checkpoint(self) -> Checkpoint:
        tree = Tree(self.entries)
        return Checkpoint(origin=self.origin, size=len(self.entries), root=tree.frontier.root())


WORKED_LOGS = [
    WorkedLog(TLOG / "log5", [b"event-%d" % i for i in range(5)], ORIGIN, COSIGNER),
    WorkedLog(TLOG / "log300", [b"event-%d" % i for i in range(300)], ORIGIN, COSIGNER),
    WorkedLog(
        TLOG / "log-statements",
        [bytes.fromhex(one["statement"]) for one in vectors("statements.json")["chain"]],
        "hanse.example/steel",
        "hanse.example/steel/acme",
    ),
]


def seeded(number: int) -> SigningKey:
    return SigningKey(bytes([number]) * 32)


def log_verifier(key: SigningKey = LOG_KEY, name: str = ORIGIN) -> NoteVerifier:
    return NoteVerifier(name=name, public=key.public, type=SignatureType.ED25519)


def cosigner_verifier(key: SigningKey = COSIGNER_KEY, name: str = COSIGNER) -> NoteVerifier:
    return NoteVerifier(name=name, public=key.public, type=SignatureType.COSIGNATURE_V1)


def policy_of(log: WorkedLog) -> Policy:
    """One log key, one cosigner, the quorum the one."""
    party = log.cosigner.rpartition("/")[2]
    witness = PolicyWitness(
        name=party, key=cosigner_verifier(name=log.cosigner), url=f"http://{party}.invalid/"
    )
    return Policy(
        logs=(PolicyLog(key=log_verifier(name=log.origin)),),
        witnesses=(witness,),
        groups=(PolicyGroup(name="stewards", threshold=1, members=(party,)),),
        quorum="stewards",
    )


def cosigned_note(checkpoint: Checkpoint, *cosigners: tuple[str, SigningKey]) -> bytes:
    """A checkpoint signed by `LOG_KEY` and then cosigned by each of the others, at `TIME_S`."""
    raw = sign_checkpoint(checkpoint, LOG_KEY)
    text = parse_note(raw).text
    for name, key in cosigners:
        signer = NoteSigner(name=name, key=key, type=SignatureType.COSIGNATURE_V1)
        raw += signer.sign(text, timestamp_s=TIME_S).encode()
    return raw
