"""Looking a node over, running or stopped: what an operator has to know before anybody else does.

Changes nothing: the node is asked over HTTP, its databases are read as they are.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import httpx
from sqlalchemy.exc import SQLAlchemyError

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CorruptionError, LedgerError, VerificationError
from hanse_ledger.ids import PartyId
from hanse_ledger.merkle import leaf_hash, root_at
from hanse_ledger.misbehaviour import verify_evidence
from hanse_ledger.misbehaviour_file import parse_evidence
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.witnessing import policy_of
from node.bootstrap import KEYS_FILE
from node.documents import documents_of, founding_document, trusted_document
from node.errors import NoPassphraseError
from node.keystore import open_keys, party_keys, read_owner
from node.laststop import last_stop
from node.links.transport import trusted_roots
from node.passphrase import find_passphrase
from node.ports import Clock
from node.sequencing.cometbft.validators import validators_of
from node.sequencing.kept import EVIDENCE_FOLDER
from node.sequencing.term import Term
from node.settings import DatabaseName, NodeSettings
from node.storage.database import Database, stored_revision
from node.storage.log import LogStore
from node.storage.schema import REVISION
from node.storage.validators import stored_validators
from node.texts import mark
from node.texts.sentences import SENTENCES

Verdict: TypeAlias = Literal["ok", "warning", "wrong"]

_WAIT_S: Final = 5.0
_CLOCK_OFF_S: Final = 60
_FREE_LEAST: Final = 100 << 20
_FREE_WANTED: Final = 1 << 30
_TAIL: Final = 256
_NOT_SERVING: Final = frozenset({"starting", "halted", "stopped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: a sentence of the catalogue, and what fills its places."""

    check: str
    verdict: Verdict
    sentence: str
    values: Mapping[str, object] = field(default_factory=dict)


def examine(settings: NodeSettings, clock: Clock) -> list[Finding]:
    """Return what was found, in the order in which it was looked at."""
    try:
        documents = _documents(settings)
        trusted = documents[0]
        term = Term.of(settings, trusted)
    except (LedgerError, OSError) as error:
        sentence = mark("The consortium document or the genesis statement does not hold: {why}")
        return [_wrong("document", sentence, why=error)]
    sentence = mark("Consortium {id}; {orderer} orders the log.")
    places: list[DatabaseName] = ["node"]
    if term.orders(PartyId(settings.party), trusted):
        places.append("sequencer")
    return [
        _ok("document", sentence, id=trusted.id, orderer=", ".join(term.sources(trusted))),
        *_keys(settings, trusted),
        *_node(settings),
        *(found for place in places for found in _database(settings, place, trusted)),
        *_evidence(settings.folder / EVIDENCE_FOLDER, documents),
        _disk(settings.folder),
        *_peers(settings, trusted, clock),
    ]


def _documents(settings: NodeSettings) -> list[Consortium]:
    """Return the document in force and those before it, as far as they can be read."""
    trusted = trusted_document(settings)
    founded = founding_document(settings.genesis.read_bytes())
    if founded.id != trusted.id or (not trusted.previous and founded.hash != trusted.hash):
        raise VerificationError("the genesis statement founds another consortium than the document's")
    documents = _stored(settings) or [trusted]
    if documents[0].party(PartyId(settings.party)) is None:
        raise VerificationError("the party is no active one of the document in force")
    return documents


def _stored(settings: NodeSettings) -> list[Consortium] | None:
    """Return the documents of the own copy; None where that cannot be read as it is."""
    place = settings.place("node")
    try:
        is_there = not isinstance(place, Path) or place.exists()
        return documents_of(settings) if is_there and stored_revision(place) == REVISION else None
    except (LedgerError, CorruptionError, SQLAlchemyError):
        return None


def _keys(settings: NodeSettings, trusted: Consortium) -> Iterator[Finding]:
    path = settings.folder / KEYS_FILE
    try:
        if read_owner(path) != (trusted.id, settings.party):
            yield _wrong("keys", mark("The key file is another party's."))
            return
        passphrase = find_passphrase(file=settings.passphrase_file, environment=os.environ, ask=None)
        secrets = open_keys(path, passphrase)
        held = {key.public for key in party_keys(secrets).signing}
    except NoPassphraseError:
        yield _warning("keys", mark("The key file was not opened: no passphrase is given."))
        return
    except (LedgerError, CorruptionError, OSError) as error:
        yield _wrong("keys", mark("The key file cannot be used: {why}"), why=error)
        return
    party = trusted.parties[PartyId(settings.party)]
    if party.x is not None and secrets.key_share is None:
        yield _warning(
            "keys", mark("The key file has no share of the token key yet; two other stewards give it.")
        )
    named = {party.statement_key, party.cosign_key, *filter(None, [party.log_key])}
    if named <= held:
        yield _ok("keys", mark("The key file has the keys that the document names."))
    else:
        # A document that came into force meanwhile may name others: the running node knows.
        yield _warning("keys", mark("The key file lacks a key that the document in force names."))


def _node(settings: NodeSettings) -> Iterator[Finding]:
    """Ask the running node; a stopped one says what it can by its files."""
    stopped = last_stop(settings.folder)
    if stopped is not None:
        sentence = mark("The node stopped by itself at {at}: {why}")
        yield _wrong("node", sentence, at=stopped["at"], why=stopped["why"])
    host, port = settings.address
    try:
        answer = httpx.get(f"http://{host}:{port}/readyz", timeout=_WAIT_S, trust_env=False)
        told = answer.json()
        health = told.get("health", told)
        status, problems, peers = health["status"], health["problems"], health["peers"]
    except httpx.HTTPError:
        yield _warning("node", mark("The node does not answer; only its files are looked at."))
        return
    except (ValueError, KeyError, TypeError, AttributeError):
        yield _wrong("node", mark("Something else than this node answers at its address."))
        return
    verdict: Verdict = "ok" if status == "ok" else "wrong" if status in _NOT_SERVING else "warning"
    sentence = mark("The node is {status}: {size} statements, {lag} behind.")
    values = {"status": status, "size": health["size"], "lag": health["lag"]}
    yield Finding(check="node", verdict=verdict, sentence=sentence, values=values)
    if status == "halted":
        yield _wrong("node", SENTENCES.get(told["code"], SENTENCES["unavailable"]))
    yield from _agreement(health.get("agreement"))
    for one in problems:
        sentence = mark("{code} since {since}; evidence: {evidence}.")
        yield _wrong("log", sentence, **{**one, "evidence": one["evidence"] or "-"})
    for party, way in peers.items():
        if way != "closed":
            yield _warning(
                "peers", mark("From the node {party} is out of reach: {why}."), party=party, why=way
            )


def _agreement(told: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Say how CometBFT stands, where one runs beside the node."""
    if told is None:
        return
    sentence = mark(
        "CometBFT is at height {height} with {peers} peers; it was started again {restarts} times."
    )
    verdict: Verdict = "ok" if told["peers"] and not told["catching_up"] else "warning"
    yield Finding(check="agreement", verdict=verdict, sentence=sentence, values=told)


def _database(settings: NodeSettings, name: DatabaseName, trusted: Consortium) -> Iterator[Finding]:
    place = settings.place(name)
    if isinstance(place, Path) and not place.exists():
        yield _warning("database", mark("The {name} database is not there yet."), name=name)
        return
    try:
        # Opening brings the tables up to date: it is left to the node where they are not.
        revision = stored_revision(place)
        if revision != REVISION:
            sentence = mark("The {name} database has revision {revision}; this program needs {needed}.")
            yield _warning("database", sentence, name=name, revision=revision or "-", needed=REVISION)
            return
        with closing(Database(place)) as database:
            yield from _log_copy(LogStore(database), name, trusted)
            if name == "sequencer" and settings.engine == "cometbft":
                yield from _validators(database, trusted)
    except (LedgerError, CorruptionError, SQLAlchemyError) as error:
        why = str(error) if isinstance(error, LedgerError | CorruptionError) else type(error).__name__
        yield _wrong("database", mark("The {name} database does not hold: {why}"), name=name, why=why)


def _validators(database: Database, consortium: Consortium) -> Iterator[Finding]:
    """Compare those who agree with those whom the document in force names."""
    with database.read() as connection:
        agreeing = stored_validators(connection)
    if agreeing and agreeing != frozenset(validators_of(consortium).values()):
        yield _wrong("validators", mark("The validators are other than the document in force says."))


def _log_copy(log: LogStore, name: str, trusted: Consortium) -> Iterator[Finding]:
    """Compare the stored tree with its signed root, and the last statements with the tree."""
    note = log.checkpoint()
    if note is None:
        yield _warning("database", mark("The {name} database holds no checkpoint yet."), name=name)
        return
    checkpoint = verify_log_signature(note, policy_of(trusted))
    first = max(0, checkpoint.size - _TAIL)
    tail = log.entries(first, checkpoint.size - first)
    fits = log.nodes(0, first, len(tail)) == [leaf_hash(raw) for raw in tail]
    if not fits or root_at(checkpoint.size, log.node) != checkpoint.root:
        yield _wrong("database", mark("The {name} database's log is not the signed one."), name=name)
    else:
        sentence = mark("The {name} database opens; its tree of {size} statements has the signed root.")
        yield _ok("database", sentence, name=name, size=checkpoint.size)


def _evidence(folder: Path, documents: Sequence[Consortium]) -> Iterator[Finding]:
    for path in sorted(folder.glob("*.json")):
        try:
            _verify_evidence(path.read_bytes(), documents)
        except LedgerError as error:
            yield _warning("evidence", mark("{name} does not hold: {why}"), name=path.name, why=error)
        else:
            yield _warning("evidence", mark("{name} is there, and holds."), name=path.name)


def _verify_evidence(raw: bytes, documents: Sequence[Consortium]) -> None:
    """Check evidence by the keys of any document: who signed it may have others by now."""
    found = parse_evidence(raw)
    for document in documents[:-1]:
        with suppress(VerificationError):
            verify_evidence(found, policy_of(document))
            return
    verify_evidence(found, policy_of(documents[-1]))


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    verdict: Verdict = "wrong" if free < _FREE_LEAST else "warning" if free < _FREE_WANTED else "ok"
    sentence = mark("{free} MiB are free on the disk.")
    return Finding(check="disk", verdict=verdict, sentence=sentence, values={"free": free >> 20})


def _peers(settings: NodeSettings, trusted: Consortium, clock: Clock) -> Iterator[Finding]:
    """Ask the others for a sign of life, and what time it is there."""
    offsets = []
    for party in trusted.parties.values():
        url = settings.peers.get(party.id, party.url)
        if not party.active or party.id == settings.party or not url:
            continue
        try:
            answer = httpx.get(
                f"{url.rstrip('/')}/healthz", timeout=_WAIT_S, trust_env=False, verify=trusted_roots()
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            yield _warning("peers", mark("{party} is out of reach from here."), party=party.id)
            continue
        if "date" in answer.headers:
            offsets.append((clock.now() - parsedate_to_datetime(answer.headers["date"])).total_seconds())
    if not offsets:
        yield _warning("clock", mark("Nobody was in reach to compare the clock with."))
        return
    off_s = round(sorted(offsets)[len(offsets) // 2])
    if abs(off_s) > _CLOCK_OFF_S:
        yield _wrong("clock", mark("The clock differs from the others' by {seconds} s."), seconds=off_s)
    else:
        yield _ok(
            "clock", mark("The clock agrees with the others'; {count} are in reach."), count=len(offsets)
        )


def _ok(check: str, sentence: str, **values: object) -> Finding:
    return Finding(check=check, verdict="ok", sentence=sentence, values=values)


def _warning(check: str, sentence: str, **values: object) -> Finding:
    return Finding(check=check, verdict="warning", sentence=sentence, values=values)


def _wrong(check: str, sentence: str, **values: object) -> Finding:
    return Finding(check=check, verdict="wrong", sentence=sentence, values=values)
