"""C2SP tlog-policy: which logs and how many cosigners make a checkpoint worth believing.

Names and URLs are octets without meaning (surrogate-escaped here); keys are vkeys. A policy that exists
keeps the draft's rules: names defined once and before use, each in one group at most, thresholds that
can be met, no key twice.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hanse_ledger.checkpoint import Checkpoint, parse_checkpoint
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.note import (
    Note,
    NoteVerifier,
    SignatureType,
    parse_decimal,
    parse_note,
    parse_vkey,
    verify_note,
)

NO_QUORUM: Final = "none"
SERVED_SIGNATURES_MAX: Final = 16
"""What every reader of notes takes."""
POLICY_BYTES_MAX: Final = 256 * 1024

_ALLOWED: Final = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_WORD: Final = re.compile(r"[^\x00-\x20\x7f]+")
_SPACES: Final = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A key (type 0x01) that may sign for the log which its name names."""

    key: NoteVerifier
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A cosigner's key (type 0x04) under the name that groups use for it."""

    name: str
    key: NoteVerifier
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGroup:
    """At least `threshold` of the members, witnesses or earlier groups."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A checkpoint is believed when one of the logs signed it and the quorum cosigned it.

    Making one raises MalformedError where the draft's rules are broken.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str
    """The name of a witness or group, or `NO_QUORUM`."""

    def __post_init__(self) -> None:
        _check_keys([log.key for log in self.logs], SignatureType.ED25519)
        _check_keys([witness.key for witness in self.witnesses], SignatureType.COSIGNATURE_V1)
        keys = self.verifiers()
        if len({(key.name, key.key_id) for key in keys}) != len(keys):
            raise MalformedError("two keys of a policy that signatures cannot tell apart")
        names = [*(one.name for one in self.witnesses), *(group.name for group in self.groups)]
        urls = [*(log.url for log in self.logs), *(one.url for one in self.witnesses)]
        _check_words([*names, *filter(None, urls)])
        if NO_QUORUM in names or len(set(names)) != len(names):
            raise MalformedError("a policy defines each name once, and never `none`")
        _check_groups(self.groups, {witness.name for witness in self.witnesses})
        if self.quorum not in (NO_QUORUM, *names):
            raise MalformedError("a policy's quorum is one of its names or `none`")

    def verifiers(self) -> list[NoteVerifier]:
        """Return every key of the policy, logs first."""
        return [*(log.key for log in self.logs), *(one.key for one in self.witnesses)]

    def encode(self) -> bytes:
        """Return the policy file: logs, witnesses, groups, quorum, one a line."""
        lines = [
            *(["log", log.key.vkey(), log.url] for log in self.logs),
            *(["witness", one.name, one.key.vkey(), one.url] for one in self.witnesses),
            *(["group", group.name, str(group.threshold), *group.members] for group in self.groups),
            ["quorum", self.quorum],
        ]
        return "".join(f"{' '.join(filter(None, line))}\n" for line in lines).encode(
            "utf-8", "surrogateescape"
        )


def parse_policy(raw: bytes) -> Policy:
    """Read a policy file; raises MalformedError for all that the draft forbids."""
    if len(raw) > POLICY_BYTES_MAX or not _ALLOWED.fullmatch(raw):
        raise MalformedError(f"a policy is at most {POLICY_BYTES_MAX} bytes without control characters")
    *lines, rest = raw.decode("utf-8", "surrogateescape").split("\n")
    if rest:
        raise MalformedError("a policy's last line ends in a newline")
    reading = _Reading()
    for line in lines:
        words = re.split(r"[ \t]+", line.strip(_SPACES))
        if words != [""] and not words[0].startswith("#"):
            reading.read_line(words)
    return reading.policy()


def verify_checkpoint(raw: bytes, policy: Policy, *, strict: bool = False) -> Checkpoint:
    """Check that a checkpoint is signed and cosigned as the policy asks, and return it.

    Signatures by keys that the policy does not know are ignored, as signed-note demands; `strict` refuses
    them, and a second signature by the same key, so that nothing unverified rides along. Raises
    VerificationError, or MalformedError for bytes that are no checkpoint.
    """
    note = parse_note(raw)
    if strict:
        _refuse_surplus(note, policy)
    checkpoint, signed = _verify_log_signature(note, policy)
    _verify_quorum(policy, {one.name for one in policy.witnesses if one.key in signed})
    return checkpoint


def verify_log_signature(raw: bytes, policy: Policy) -> Checkpoint:
    """Check the log's signature alone: what a cosigner asks of a checkpoint, and who collects cosignatures.

    A signature of a known cosigner that does not hold is refused all the same. Raises as
    `verify_checkpoint` does.
    """
    return _verify_log_signature(parse_note(raw), policy)[0]


def select_signatures(note: Note, policy: Policy) -> Note:
    """Keep what a served checkpoint carries, in the policy's order; drop the rest.

    That is the log's signature, then the cosignatures that count for the quorum, `SERVED_SIGNATURES_MAX` in
    all. The caller has verified the note.
    """
    needed = {policy.quorum}
    for group in reversed(policy.groups):
        if group.name in needed:
            needed.update(group.members)
    counting = [one.key for one in policy.witnesses if one.name in needed]
    lines = {(line.name, line.key_id): line for line in note.signatures}
    keys = [(key.name, key.key_id) for key in (*(log.key for log in policy.logs), *counting)]
    kept = [lines[key] for key in keys if key in lines]
    return Note(text=note.text, signatures=tuple(kept[:SERVED_SIGNATURES_MAX]))


class _Reading:
    """The lines of a policy file so far. Order matters here only: names before their use."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._quorum: str | None = None
        self._defined: set[str] = set()

    def read_line(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._logs.append(PolicyLog(key=parse_vkey(vkey), url="".join(url)))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._defined.add(name)
                self._witnesses.append(PolicyWitness(name=name, key=parse_vkey(vkey), url="".join(url)))
            case ["group", name, threshold, *members]:
                self._check_defined(members)
                self._defined.add(name)
                self._groups.append(
                    PolicyGroup(name=name, threshold=_threshold(threshold, members), members=tuple(members))
                )
            case ["quorum", name] if self._quorum is None:
                self._check_defined([name] if name != NO_QUORUM else [])
                self._quorum = name
            case _:
                raise MalformedError("a policy line that the format does not know, or a second quorum")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise MalformedError("a policy without a quorum")
        return Policy(
            logs=tuple(self._logs),
            witnesses=tuple(self._witnesses),
            groups=tuple(self._groups),
            quorum=self._quorum,
        )

    def _check_defined(self, names: Iterable[str]) -> None:
        if not self._defined.issuperset(names):
            raise MalformedError("a policy line that uses a name which no line above it defines")


def _threshold(word: str, members: Sequence[str]) -> int:
    return {"any": 1, "all": len(members)}.get(word) or parse_decimal(word)


def _check_keys(keys: Sequence[NoteVerifier], kind: SignatureType) -> None:
    if any(key.type is not kind for key in keys):
        raise MalformedError("a policy key of the wrong signature type")
    if len({key.public for key in keys}) != len(keys):
        raise MalformedError("a policy that lists a key twice")


def _check_words(words: Iterable[str]) -> None:
    if not all(_WORD.fullmatch(word) for word in words):
        raise MalformedError("a name or URL in a policy is one word")


def _check_groups(groups: Sequence[PolicyGroup], witnesses: set[str]) -> None:
    free = set(witnesses)
    for group in groups:
        if not 1 <= group.threshold <= len(group.members):
            raise MalformedError("a group's threshold is 1 to the number of its members")
        # `free` are the names defined so far that are in no group yet.
        if len(set(group.members)) != len(group.members) or not free.issuperset(group.members):
            raise MalformedError("a group's members are defined before it and in no other group")
        free.difference_update(group.members)
        free.add(group.name)


def _refuse_surplus(note: Note, policy: Policy) -> None:
    known = {(key.name, key.key_id) for key in policy.verifiers()}
    signers = [(line.name, line.key_id) for line in note.signatures]
    if not known.issuperset(signers) or len(set(signers)) != len(signers):
        raise VerificationError("a checkpoint with a signature that the policy has no place for")


def _verify_log_signature(note: Note, policy: Policy) -> tuple[Checkpoint, list[NoteVerifier]]:
    checkpoint = parse_checkpoint(note.text)
    signed = verify_note(note, policy.verifiers())
    if not any(log.key in signed and log.key.name == checkpoint.origin for log in policy.logs):
        raise VerificationError("a checkpoint that none of the policy's logs has signed")
    return checkpoint, signed


def _verify_quorum(policy: Policy, cosigners: set[str]) -> None:
    satisfied = {NO_QUORUM, *cosigners}
    # A group's members stand before it, so one pass settles all.
    for group in policy.groups:
        if len(satisfied.intersection(group.members)) >= group.threshold:
            satisfied.add(group.name)
    if policy.quorum not in satisfied:
        raise VerificationError("a checkpoint without the quorum of cosignatures")
