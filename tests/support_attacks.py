"""What an attacker has: its own keys from its folder, the wire, and the core to make any bytes with.

Attacks run against a real embedded consortium (`World`), step by step.
"""

import hashlib
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from support_clear import Bill, Window, even_books, expected
from support_simulation import PURPOSE, World, found_world
from support_verdict import opened_database, table_of, verify_world

from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import Body, Inquiry, Report, ShareRef, Validity
from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId, StatementHash, StewardX, SubjectId, Token
from hanse_ledger.privacy.answer import Request, hash_request
from hanse_ledger.privacy.sealing import SealingPrivateKey, seal, share_info
from hanse_ledger.privacy.shares import (
    Residues,
    RowColumns,
    SharePlaintext,
    draw_masks,
    encode_share,
    rows_hash,
    split,
)
from hanse_ledger.signing import key_id_of
from hanse_ledger.state import LedgerState, ReportEntry
from hanse_ledger.statements import parse_statement, sign_statement
from node.bootstrap import KEYS_FILE
from node.dealt_keys import read_dealt_keys
from node.keystore import PartyKeys
from node.roles.answering import batch_of
from node.roles.messages import read_sealing_key
from node.sequencing.remote import SUBMIT_ALL
from node.storage.schema import draft, evidence, token
from node.wire import Handler, reply_of

FIRST: Final = 2025 * 12 + 3
"""April: a quarter begins."""
MEMBERS: Final = ("alder", "birch", "cedar", "elm")
LIAR: Final = PartyId("steward-2")
LIAR_X: Final = StewardX(2)
CUSTOMER: Final = "C1"
ROWS: Final = 64

_ROUNDS: Final = 6

Document = dict[str, Any]
Change = Callable[[Document], object]


def unchanged(_: Document) -> None:
    """Leave the demo's document as it is."""


def three_stewards(document: Document) -> None:
    """Take the fourth steward out."""
    document["parties"] = [party for party in document["parties"] if party["id"] != "steward-4"]


def policy(**values: int) -> Change:
    """Change the policy."""
    return lambda document: document["policy"].update(values)


class Scene(World):
    """Four members that sell to the same two customers, for `months` months."""

    def __init__(self, folder: Path, *, seed: int = 7, months: int = 1) -> None:
        super().__init__(folder, seed=seed, books=make_books(months), first=FIRST, last=FIRST + months - 1)
        self.clock.after(FIRST)

    @classmethod
    def founded(cls, folder: Path, change: Change = unchanged, *, months: int = 1) -> "Scene":
        """Found a consortium in a new folder and let its stewards exchange their seeds."""
        found_world(folder, members=MEMBERS, first=FIRST, seed=7, change=change)
        scene = cls(folder, months=months)
        for _ in range(_ROUNDS):
            scene.work()
        return scene

    @classmethod
    def copied(cls, template: Path, folder: Path) -> "Scene":
        """Go on from a copy of a scene's folder."""
        shutil.copytree(template, folder)
        # Another stream of chance: what the template has drawn must not be drawn again.
        return cls(folder, seed=8)

    @property
    def consortium(self) -> Consortium:
        """The document."""
        return self.embedded.consortium

    @property
    def stewards(self) -> list[PartyId]:
        """The stewards' ids."""
        return list(self._stewards())

    @property
    def state(self) -> LedgerState:
        """What the log says, at a member that has just caught up."""
        standing = self.member(MEMBERS[0]).standing
        standing.catch_up()
        return standing.state

    @property
    def subject(self) -> SubjectId:
        """The subject that the attacks are about."""
        return self.subjects[0]

    def work(self, *stewards: PartyId) -> None:
        """Let stewards (default: all) work until no report waits for them, or nothing more comes of it."""
        for _ in range(_ROUNDS):
            waiting = [self._work_once(steward) for steward in stewards or self.stewards]
            while self.host.pump():
                pass
            if not any(waiting):
                break

    def _work_once(self, steward: PartyId) -> int:
        try:
            reply = reply_of(self.embedded.door(steward).post(steward, "work", b""))
        except UnavailableError:
            return 1
        return int(decode(reply, limit=16))

    def report(self, *members: str) -> list[bool]:
        """Let members (default: all) import and report; return whose reports all count."""
        month = self.state.log_month
        return [self._counts(PartyId(member), month) for member in members or MEMBERS]

    def close_month(self) -> None:
        """Close the log month, which must be due, and let the next one end."""
        month = self.state.log_month
        for steward in self.stewards:
            self.survive(self._close(steward, month))
        assert self.state.log_month == month + 1
        self.work()
        self.clock.after(month + 1)

    def keys(self, party: str) -> PartyKeys:
        """Return a party's keys from its own folder."""
        return read_dealt_keys(self.folder / "parties" / party / KEYS_FILE)

    def sign(self, party: str, body: Body) -> bytes:
        """Sign a statement at a party's head."""
        head = self.state.head(PartyId(party))
        return sign_statement(
            key=self.keys(party).statement,
            party=PartyId(party),
            consortium=self.consortium.id,
            seq=head.seq,
            prev=head.prev,
            body=body,
        )

    def submit(self, raw: bytes) -> int:
        """Bring a statement to the log; raises what the sequencer refuses it with."""
        return self.member(MEMBERS[0]).standing.sequencer.submit(raw)

    def ask(self, steward: str, caller: str, verb: str, body: bytes) -> bytes:
        """Send a message to a steward as a party."""
        return reply_of(self.embedded.door(PartyId(steward)).post(PartyId(caller), verb, body))

    def request(self, party: str, purpose: str = PURPOSE, subject: SubjectId | None = None) -> Request:
        """Make a request as a party, with chance from the scene's stream."""
        key = SealingPrivateKey.generate(self._chance.randbytes(96))
        asked = subject or self.subject
        return Request(
            consortium=self.consortium.id,
            party=PartyId(party),
            token=self.member(MEMBERS[0]).tokens.tokens([asked])[asked],
            purpose=purpose,
            request_id=self._chance.randbytes(16),
            answer_key=key.public_key,
        )

    def log_requests(self, party: str, *requests: Request) -> int:
        """Log requests in one inquiry; return its index."""
        hashes = tuple(hash_request(request.encode()) for request in requests)
        return self.submit(self.sign(party, Inquiry(request_hashes=hashes)))

    def present(self, steward: str, caller: str, index: int, *requests: Request) -> list[bytes | str]:
        """Put requests to a steward and return its sealed answers or codes."""
        batch = batch_of([(request.encode(), index) for request in requests])
        replies: list[bytes | str] = decode(self.ask(steward, caller, "answers", batch), limit=1 << 24)
        return replies

    def codes(self, caller: str, index: int, request: Request) -> list[str]:
        """Return what each steward says to one request: its code, or `answered`."""
        replies = [self.present(steward, caller, index, request)[0] for steward in self.stewards]
        return [reply if isinstance(reply, str) else "answered" for reply in replies]

    def evidence(self, holder: str) -> list[tuple[str, str, Any]]:
        """Return kind, party and decoded content of what a party keeps as evidence."""
        rows = table_of(self.folder, holder, select(evidence).order_by(evidence.c.id))
        return [(row.kind, row.party, decode(row.content, limit=1 << 20)) for row in rows]

    def store_at(self, party: str, statement: Any) -> int:
        """Change a party's own database behind its node's back; return how many rows it changed."""
        with opened_database(self.folder, party) as database, database.write() as connection:
            return int(connection.execute(statement).rowcount)

    def token_of(self, subject: SubjectId, member: str = MEMBERS[0]) -> Token:
        """Return a subject's token as a member has it."""
        (row,) = table_of(self.folder, member, select(token).where(token.c.subject == subject))
        return Token(row.token)

    def evidence_roots(self, member: str) -> list[bytes]:
        """Return the roots of each of a member's drafts."""
        return [row.evidence_roots for row in table_of(self.folder, member, select(draft))]

    def clear(self) -> dict[str, list[Window]]:
        """Return what the windows must say."""
        want = expected(self.books, groups={}, first=self.first, last=self.last, contributors_min=4)
        return dict(want.windows)

    def finish(self, *, failed: int) -> None:
        """Run on to the end; everything must be as if nobody had attacked, but for reports that failed."""
        self.run()
        want = expected(self.books, groups={}, first=self.first, last=self.last, contributors_min=4)
        verify_world(self, want, failed=failed)

    def tampered(self, party: str, verb: str, change: Callable[[PartyId, bytes], bytes]) -> None:
        """Change what reaches a party under a verb."""

        def wrap(handler: Handler) -> Handler:
            return lambda caller, asked, body: handler(
                caller, asked, change(caller, body) if asked == verb else body
            )

        self.host.tamper[PartyId(party)] = wrap

    def replying(self, party: str, verb: str, change: Callable[[PartyId, bytes, bytes], bytes]) -> None:
        """Change what a party replies under a verb: (caller, body, honest reply) -> reply."""

        def wrap(handler: Handler) -> Handler:
            def lie(caller: PartyId, asked: str, body: bytes) -> bytes:
                reply = handler(caller, asked, body)
                return change(caller, body, reply) if asked == verb else reply

            return lie

        self.host.tamper[PartyId(party)] = wrap

    def silence(self, party: str) -> None:
        """Let a party answer nobody, not even its operator."""

        def wrap(_: Handler) -> Handler:
            def mute(_caller: PartyId, _verb: str, _body: bytes) -> bytes:
                raise UnavailableError("silent")

            return mute

        self.host.tamper[PartyId(party)] = wrap

    def honest(self, party: str) -> None:
        """End a party's lies, or its silence."""
        self.host.tamper.pop(PartyId(party))

    def lie_in_validity(
        self, liar: PartyId, lie: Callable[[int, tuple[int, ...] | None], tuple[int, ...] | None]
    ) -> None:
        """Let a steward publish other values than it has computed: (entry, values) -> values."""
        key = self.keys(liar).statement

        def lie_in(caller: PartyId, raw: bytes) -> bytes:
            statement = parse_statement(raw)
            if caller != liar or not isinstance(statement.body, Validity):
                return raw
            entries = tuple((index, lie(index, values)) for index, values in statement.body.entries)
            return sign_statement(
                key=key,
                party=liar,
                consortium=self.consortium.id,
                seq=statement.seq,
                prev=StatementHash(statement.prev),
                body=Validity(entries=entries),
            )

        def change(caller: PartyId, row: bytes) -> bytes:
            return encode([lie_in(caller, raw) for raw in decode(row, limit=len(row))])

        self.tampered(DESK_ID, SUBMIT_ALL, change)

    def entry(self, index: int) -> ReportEntry:
        """Return a report by its index."""
        return self.state.reports[index]

    def craft(
        self,
        member: str,
        cells: Residues,
        *,
        tokens: Sequence[bytes] | None = None,
        plain: Callable[[StewardX, SharePlaintext], SharePlaintext] = lambda _, plaintext: plaintext,
        sealed: Callable[[StewardX, bytes], bytes] = lambda _, sealed: sealed,
        delivered: Callable[[StewardX, bytes], bytes | None] = lambda _, sealed: sealed,
    ) -> int:
        """Report any cells at all as a member, and deliver; return the report's index."""
        report = Crafted(self, PartyId(member), cells, tokens)
        return report.send(plain=plain, sealed=sealed, delivered=delivered)


class Crafted:
    """A report by an attacker's own program."""

    def __init__(
        self, scene: Scene, member: PartyId, cells: Residues, tokens: Sequence[bytes] | None
    ) -> None:
        self._scene, self._member = scene, member
        rng = random.Random(f"{member} {scene.state.size}")
        tokens = sorted(rng.randbytes(32) for _ in cells) if tokens is None else tokens
        month = scene.state.log_month
        self._rows = RowColumns.of(tokens, [month] * len(cells))
        self._salt = rng.randbytes(32)
        self._roots = tuple(rng.randbytes(32) for _ in cells)
        masks = draw_masks(rng.randbytes(32), len(cells))
        self._shares = split(cells, masks, scene.consortium.stewards)
        self._keys = {
            x: read_sealing_key(
                scene.ask(steward.id, member, "sealing-keys", b""),
                consortium=scene.consortium,
                steward=steward,
                month=month,
            )
            for x, steward in scene.consortium.stewards.items()
        }

    def send(
        self,
        *,
        plain: Callable[[StewardX, SharePlaintext], SharePlaintext],
        sealed: Callable[[StewardX, bytes], bytes],
        delivered: Callable[[StewardX, bytes], bytes | None],
    ) -> int:
        scene, seq = self._scene, self._scene.state.head(self._member).seq
        closed = {}
        for x, share in self._shares.items():
            plaintext = plain(x, SharePlaintext(salt=self._salt, rows=self._rows, share=share))
            info = share_info(scene.consortium.id, x, self._member, seq)
            closed[x] = sealed(
                x, seal(public_key=self._keys[x], info=info, plaintext=encode_share(plaintext))
            )
        body = Report(
            evidence_roots=self._roots,
            rows_hash=rows_hash(self._salt, self._rows.tokens, self._rows.months),
            shares=tuple(self._ref(x, raw) for x, raw in closed.items()),
        )
        index = scene.submit(scene.sign(self._member, body))
        for x, raw in closed.items():
            sent = delivered(x, raw)
            if sent is not None:
                scene.ask(scene.consortium.stewards[x].id, self._member, "shares", sent)
        return index

    def _ref(self, x: StewardX, sealed: bytes) -> ShareRef:
        return ShareRef(
            x=x,
            sealing_key_id=key_id_of(self._keys[x]),
            sha256=hashlib.sha256(sealed).digest(),
            size=len(sealed),
        )


def well_formed(rows: int = ROWS) -> Residues:
    """Return one-hot rows of several classes."""
    cells = np.zeros((rows, 56), np.uint32)
    for row in range(rows):
        cells[row, row % 48] = 1
        cells[row, 48 + row % 8] = 1
    return cells


def make_books(months: int) -> dict[str, list[Bill]]:
    """Let each member have one bill a month with each of two customers."""
    return even_books(MEMBERS, customers=(CUSTOMER, "C2"), first=FIRST, months=months)
