"""What every `StewardLink` keeps: a reply, a refusal by its code or UnavailableError; all may come again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_http import Served, replies_of, signer_of
from support_node import FIRST, MEMBERS, OneThread, after, invoice, subject, take_book
from support_simulation import StillClock

from consortium_config.sample import STEWARDS, demo_document
from hanse_ledger.answer_file import open_evaluation
from hanse_ledger.checkpoint import AddCheckpoint
from hanse_ledger.codec import decode, encode
from hanse_ledger.cose import sign
from hanse_ledger.errors import (
    CheckpointConflictError,
    LedgerError,
    MalformedError,
    NotAdmittedError,
    RejectedError,
    StaleHeadError,
    UnavailableError,
    VerificationError,
)
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.note import parse_signature_lines
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.group import scalar_from_entropy
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import cosigner_name
from node.bootstrap import Embedded, Surroundings, found
from node.dealt_keys import read_dealt_keys
from node.errors import ReplySignatureError
from node.links.http import HttpCaller
from node.links.steward import HttpLink
from node.ports import StewardLink, StewardVerb
from node.roles.answering import batch_of
from node.service import Doors
from node.storage.database import Database
from node.storage.schema import inquiry, seed, seed_hash, share_in
from node.wire import Host, LocalLink, Mailbox, ThreadHost, answer_letter, rebuild_error, reply_of

ALDER = MEMBERS[0]
HOSTS: dict[str, type[Host]] = {"threads": ThreadHost, "one-thread": OneThread, "http": ThreadHost}


class OverHttp(Embedded):
    """An embedded consortium in which every link to a steward goes over HTTP, stewards' own included."""

    def _link(self, caller: PartyId, x: StewardX) -> HttpLink:
        party = STEWARDS[x]
        link = HttpLink(caller=self._caller(caller, party), party=party, x=x)
        self._open.callback(link.close)
        return link

    def _caller(self, caller: PartyId, party: PartyId) -> HttpCaller:
        return HttpCaller(
            base_url=self._served(party).url,
            signer=signer_of(self.consortium, caller, self._key(caller)),
            replies=replies_of(self.consortium, party),
            entropy=os.urandom,
            pause_s=0.01,
        )

    def _key(self, party: PartyId) -> SigningKey:
        home = self._home(party) / "keys.json"
        return read_dealt_keys(home).statement if home.exists() else SigningKey(bytes(32))

    def _served(self, party: PartyId) -> Served:
        if not hasattr(self, "servers"):
            self.servers: dict[PartyId, Served] = {}
        if party not in self.servers:
            # Known before it is started: stewards have links to each other.
            self.servers[party] = Served()
            self._open.callback(self.servers[party].close)
            doors = Doors(node=self.door(party))
            self.servers[party].start(party, self.consortium, doors, self._key(party))
        return self.servers[party]


@pytest.fixture(params=HOSTS)
def embedded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Embedded]:
    demo = demo_document(
        members=MEMBERS[:4], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
    )
    found(tmp_path, demo)
    host = HOSTS[request.param]()
    around = Surroundings(clock=StillClock(after(FIRST)))
    kind = OverHttp if request.param == "http" else Embedded
    with kind(tmp_path, around, host) as made:
        yield made


def link(embedded: Embedded, x: int = 1, caller: PartyId = ALDER) -> StewardLink:
    return embedded._link(caller, StewardX(x))


def ask(embedded: Embedded, verb: StewardVerb, body: bytes, x: int = 1, caller: PartyId = ALDER) -> bytes:
    return reply_of(link(embedded, x, caller).ask(verb, body), 20)


def vault(embedded: Embedded, x: int = 1) -> Database:
    return Database(embedded.folder / "parties" / STEWARDS[StewardX(x)] / "node.sqlite")


def test_says_whose_it_is(embedded: Embedded) -> None:
    assert (link(embedded, 3).x, link(embedded, 3).party) == (3, "steward-3")


def test_sealing_keys_again_are_the_same_bytes(embedded: Embedded) -> None:
    assert ask(embedded, "sealing-keys", b"") == ask(embedded, "sealing-keys", b"")


def test_a_share_sent_again_is_kept_once(embedded: Embedded) -> None:
    first = ask(embedded, "shares", b"sealed bytes")
    assert ask(embedded, "shares", b"sealed bytes") == first
    database = vault(embedded)
    with database.read() as connection:
        assert [row.sealed for row in connection.execute(select(share_in))] == [b"sealed bytes"]
    database.close()


def test_an_evaluation_asked_for_again_has_the_same_elements(embedded: Embedded) -> None:
    request = voprf.EvaluationRequest(
        consortium=embedded.consortium.id,
        party=ALDER,
        nonce=bytes(16),
        elements=(voprf.blind(b"ref:DEMO:1", scalar_from_entropy(bytes(range(64)))),),
    )
    raw = voprf.encode_evaluation_request(request)
    elements = {
        open_evaluation(
            ask(embedded, "evaluate", raw), request=request, x=StewardX(1), consortium=embedded.consortium
        ).elements
        for _ in range(2)
    }
    assert len(elements) == 1


def test_an_answer_asked_for_again_is_the_same_bytes(embedded: Embedded) -> None:
    member = embedded.member(ALDER)
    take_book(member, {"C1": [invoice("R1", "2024-10-02", "2024-10-20")]})
    (outcome,) = member.inquire([subject("C1")], "credit-review")
    assert outcome.status == "nothing"
    with member.standing.database.read() as connection:
        raw = connection.execute(select(inquiry.c.request)).scalar_one()
    batch = batch_of([(raw, outcome.index)])
    replies = {ask(embedded, "answers", batch) for _ in range(3)}
    assert len(replies) == 1
    (sealed,) = decode(replies.pop(), limit=1 << 20)
    assert isinstance(sealed, bytes)


def test_a_checkpoint_brought_again_is_cosigned_again(embedded: Embedded) -> None:
    member = embedded.member(ALDER)
    member.standing.catch_up()
    note = member.standing.replica.log.checkpoint()
    assert note is not None
    size = member.standing.state.size
    name = cosigner_name(embedded.consortium.id, STEWARDS[StewardX(1)])
    body = AddCheckpoint(old_size=0, path=(), note=note).encode()
    assert [line.name for line in parse_signature_lines(ask(embedded, "add-checkpoint", body))] == [name]
    with pytest.raises(CheckpointConflictError, match=f"^{size}$"):
        ask(embedded, "add-checkpoint", body)
    again = AddCheckpoint(old_size=size, path=(), note=note).encode()
    assert [line.name for line in parse_signature_lines(ask(embedded, "add-checkpoint", again))] == [name]


def test_a_seed_and_a_word_on_it_can_come_again(embedded: Embedded) -> None:
    """Steward 1 draws the seed of y = 4 for 2 and 3; both messages come to 2 twice more."""
    drawer, receiver = vault(embedded, 1), vault(embedded, 2)
    # How many rounds the exchange takes is the threads' affair; every holder has spoken in the end.
    before: list[Any] = [[], []]
    for _ in range(50):
        embedded.work()
        with receiver.read() as connection:
            before = [connection.execute(select(table)).all() for table in (seed, seed_hash)]
        if (len(before[0]), len(before[1])) == (3, 4):
            break
    with drawer.read() as connection:
        row = connection.execute(select(seed).where(seed.c.y == 4)).one()
    said = next(said for said in before[1] if (said.y, said.x) == (4, 3))
    keys = read_dealt_keys(embedded.folder / "parties" / STEWARDS[StewardX(3)] / "keys.json")
    word = sign(
        key=keys.statement,
        party=STEWARDS[StewardX(3)],
        consortium=embedded.consortium.id,
        name="seed-hash",
        payload=encode([[1, 2, 3, 4], 4, row.quarter, said.hash]),
    )
    for _ in range(2):
        assert ask(embedded, "seed", row.message, x=2, caller=STEWARDS[StewardX(1)]) == b""
        assert ask(embedded, "seed-hash", word, x=2, caller=STEWARDS[StewardX(3)]) == b""
    with receiver.read() as connection:
        assert [connection.execute(select(table)).all() for table in (seed, seed_hash)] == before
    drawer.close()
    receiver.close()


def test_refusals_come_by_their_code(embedded: Embedded) -> None:
    with pytest.raises(MalformedError):
        ask(embedded, "no-such-verb", b"")  # type: ignore[arg-type]
    with pytest.raises(MalformedError):
        ask(embedded, "answers", b"\xff")
    with pytest.raises(MalformedError):
        ask(embedded, "shares", b"")
    # A stranger is turned away once the steward has the genesis statement. Who has not shown who it is hears
    # so without a signature, which a caller does not believe.
    embedded.work()
    with pytest.raises(ReplySignatureError if isinstance(embedded, OverHttp) else NotAdmittedError):
        ask(embedded, "sealing-keys", b"", caller=PartyId("stranger"))
    # The steward goes on.
    assert ask(embedded, "sealing-keys", b"")


def test_a_steward_that_has_stopped_is_unavailable(tmp_path: Path) -> None:
    demo = demo_document(
        members=MEMBERS[:4], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
    )
    found(tmp_path, demo)
    with Embedded(tmp_path, Surroundings(clock=StillClock(after(FIRST)))) as embedded:
        to_steward = link(embedded)
        assert reply_of(to_steward.ask("sealing-keys", b""), 20)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            reply_of(to_steward.ask("sealing-keys", b""), 20)


def test_a_steward_whose_server_is_gone_is_unavailable(tmp_path: Path) -> None:
    demo = demo_document(
        members=MEMBERS[:4], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
    )
    found(tmp_path, demo)
    with OverHttp(tmp_path, Surroundings(clock=StillClock(after(FIRST)))) as embedded:
        to_steward = link(embedded)
        assert reply_of(to_steward.ask("sealing-keys", b""), 20)
        caller = embedded._caller(ALDER, STEWARDS[StewardX(1)])
    again = HttpLink(caller=caller, party=STEWARDS[StewardX(1)], x=StewardX(1))
    # Closed with the consortium, and one that finds nobody.
    for way in (to_steward, again):
        with pytest.raises(UnavailableError):
            reply_of(way.ask("sealing-keys", b""), 20)
    again.close()


def test_a_steward_that_says_nothing_is_unavailable() -> None:
    silent = LocalLink(door=Mailbox(), caller=ALDER, party=STEWARDS[StewardX(1)], x=StewardX(1))
    with pytest.raises(UnavailableError):
        reply_of(silent.ask("shares", b"1"), 0.01)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_node_that_cannot_start_is_unavailable(embedded: Embedded) -> None:
    keys = embedded.folder / "parties" / STEWARDS[StewardX(2)] / "keys.json"
    content = json.loads(keys.read_text())
    keys.write_text(json.dumps({**content, "key_share": "01" + 31 * "00"}))
    host = ThreadHost()
    with Embedded(embedded.folder, Surroundings(clock=StillClock(after(FIRST))), host) as other:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                reply_of(link(other, 2).ask("sealing-keys", b""), 20)


def test_an_error_crosses_as_its_code_and_sentence_alone() -> None:
    mailbox = Mailbox()
    original = StaleHeadError(party=ALDER, expected=3, got=5)

    def refuse(_caller: PartyId, _verb: str, _body: bytes) -> bytes:
        raise original

    future = mailbox.post(ALDER, "shares", b"")
    mailbox.close()
    for letter in mailbox.letters():
        answer_letter(refuse, letter)
    with pytest.raises(StaleHeadError) as caught:
        future.result(1)
    assert caught.value is not original
    assert str(caught.value) == str(original)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not vars(caught.value)


def _every_error(root: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield root
    for below in root.__subclasses__():
        yield from _every_error(below)


def test_every_error_has_a_code_of_its_own_and_comes_back_by_it() -> None:
    kinds = list(_every_error(LedgerError))
    assert {RejectedError, VerificationError, UnavailableError} < set(kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        rebuilt = rebuild_error(kind.code, "why")
        assert type(rebuilt) is kind
        assert str(rebuilt) == "why"
    assert type(rebuild_error("of_a_later_version", "why")) is LedgerError


def test_a_fault_of_the_node_itself_is_unavailable_to_the_caller_and_stops_the_node() -> None:
    mailbox = Mailbox()
    future = mailbox.post(ALDER, "shares", b"")
    mailbox.close()
    (letter,) = mailbox.letters()

    def break_down(_caller: PartyId, _verb: str, _body: bytes) -> bytes:
        raise OSError("a secret path")

    with pytest.raises(OSError, match="a secret path"):
        answer_letter(break_down, letter)
    with pytest.raises(UnavailableError) as caught:
        future.result(1)
    assert "secret" not in str(caught.value)
