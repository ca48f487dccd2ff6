import pytest
from support_tlog import COSIGNER, COSIGNER_KEY, LOG_KEY, TIME_S, TLOG, WORKED_LOGS, Tree, WorkedLog

from hanse_ledger.checkpoint import (
    ADD_CHECKPOINT_BYTES_MAX,
    AddCheckpoint,
    Checkpoint,
    cosign,
    parse_add_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verify_growth,
)
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import EMPTY_ROOT, prove_consistency, root_at
from hanse_ledger.note import SignatureLine, merge_signatures, parse_note

TEXT = parse_note((TLOG / "log300" / "checkpoint").read_bytes()).text
BODY = (TLOG / "add-checkpoint.txt").read_bytes()
LOG300 = WORKED_LOGS[1]
TREE = Tree(LOG300.entries)


@pytest.mark.parametrize("log", WORKED_LOGS, ids=lambda log: log.folder.name)
def test_a_foreign_checkpoint_is_made_again_byte_for_byte(log: WorkedLog) -> None:
    note = sign_checkpoint(log.checkpoint(), LOG_KEY)
    line = cosign(note, name=log.cosigner, key=COSIGNER_KEY, timestamp_s=TIME_S)
    served = (log.folder / "checkpoint").read_bytes()
    assert merge_signatures(parse_note(note), [line]).encode() == served
    assert parse_checkpoint(parse_note(served).text) == log.checkpoint()


def test_extension_lines_of_other_logs_are_kept() -> None:
    checkpoint = parse_checkpoint(TEXT + "extra: ü\n".encode())
    assert checkpoint.extensions == ("extra: ü",)
    assert checkpoint.encode() == TEXT + "extra: ü\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        TEXT[:-1],
        TEXT + b"\n",
        b"\n" + TEXT,
        TEXT.partition(b"\n")[2],
        TEXT.replace(b"ledger.example/credit", b""),
        TEXT.replace(b"credit\n", b"credit\r\n"),
        TEXT.replace(b"300", b""),
        TEXT.replace(b"300", b"0300"),
        TEXT.replace(b"300", b"-300"),
        TEXT.replace(b"300", b"300 "),
        TEXT.replace(b"300", b"9223372036854775808"),
        TEXT.replace(b"xjG6", b""),
        TEXT.replace(b"xjG6", b"xjG6xjG6"),
        TEXT.replace(b"tO8=", b"tO9="),
        TEXT.replace(b"credit", b"\xff"),
        TEXT + b"extension\n\n",
        TEXT + b"exten\tsion\n",
    ],
)
def test_what_is_no_checkpoint(text: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_checkpoint(text)


def test_a_checkpoint_that_cannot_be_is_not_made() -> None:
    root = NodeHash(bytes(32))
    for origin, size, hash_ in (
        ("", 1, root),
        ("a\nb", 1, root),
        ("a", -1, root),
        ("a", 1 << 63, root),
        ("a", 1, root[1:]),
    ):
        with pytest.raises(MalformedError):
            Checkpoint(origin=origin, size=size, root=NodeHash(hash_))


def test_only_checkpoints_are_cosigned() -> None:
    line = SignatureLine(name="n", key_id=bytes(4), signature=b"s").encode()
    with pytest.raises(MalformedError):
        cosign(b"some text\n\n" + line, name=COSIGNER, key=COSIGNER_KEY, timestamp_s=TIME_S)


def test_the_foreign_add_checkpoint_body_is_made_again_byte_for_byte() -> None:
    path = tuple(prove_consistency(size1=5, size2=300, read=TREE.read))
    note = sign_checkpoint(LOG300.checkpoint(), LOG_KEY)
    request = AddCheckpoint(old_size=5, path=path, note=note)
    assert request.encode() == BODY
    assert parse_add_checkpoint(BODY) == request


def test_the_foreign_growth_holds() -> None:
    request = parse_add_checkpoint(BODY)
    verify_growth(
        size=5,
        root=root_at(5, TREE.read),
        checkpoint=parse_checkpoint(parse_note(request.note).text),
        path=request.path,
    )


HASH_LINE = BODY.split(b"\n")[1] + b"\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        BODY[:-1],
        BODY[6:],
        b"\n" + BODY,
        BODY.replace(b"old 5", b"old  5"),
        BODY.replace(b"old 5", b"old 05"),
        BODY.replace(b"old 5", b"old -5"),
        BODY.replace(b"old 5", b"Old 5"),
        BODY.replace(b"old 5", b"old"),
        BODY.replace(b"old 5", b"old 301"),
        BODY.replace(b"old 5\n", b"old 5\n\n", 1),
        BODY.replace(b"old 5", "old 5é".encode()),
        BODY.replace(b"old 5\n", b"old 5\r\n"),
        BODY.replace(b"old 5\n", b"old 5\nAAAA\n"),
        BODY.replace(b"old 5\n", b"old 5\n" + HASH_LINE[1:]),
        BODY.replace(b"old 5\n", b"old 5\n" + HASH_LINE * 54),
        BODY.replace(b"\n\nledger", b"\nledger"),
        BODY.replace(b"\n300\n", b"\n0300\n"),
        BODY + b"x" * ADD_CHECKPOINT_BYTES_MAX,
    ],
)
def test_what_is_no_add_checkpoint_body(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_add_checkpoint(raw)


def test_a_body_may_have_63_hashes_and_no_more() -> None:
    raw = BODY.replace(b"old 5\n", b"old 5\n" + HASH_LINE * 53)
    request = parse_add_checkpoint(raw)
    assert len(request.path) == 63
    with pytest.raises(MalformedError):
        AddCheckpoint(old_size=5, path=(*request.path, request.path[0]), note=request.note).encode()


def test_a_body_with_all_cosignatures_is_not_sent() -> None:
    note = parse_note(sign_checkpoint(LOG300.checkpoint(), LOG_KEY))
    lines = [SignatureLine(name=f"n{i}", key_id=bytes(4), signature=bytes(3_000)) for i in range(5)]
    with pytest.raises(MalformedError):
        AddCheckpoint(old_size=0, path=(), note=merge_signatures(note, lines).encode()).encode()


def at(size: int, root: NodeHash | None = None) -> Checkpoint:
    return Checkpoint(origin="o", size=size, root=root_at(size, TREE.read) if root is None else root)


def test_everything_grows_from_nothing() -> None:
    verify_growth(size=0, root=EMPTY_ROOT, checkpoint=at(0), path=[])
    verify_growth(size=0, root=EMPTY_ROOT, checkpoint=at(300), path=[])
    verify_growth(size=300, root=at(300).root, checkpoint=at(300), path=[])


def test_growth_that_a_witness_refuses() -> None:
    path = prove_consistency(size1=5, size2=300, read=TREE.read)
    five, other = at(5).root, at(6).root
    cases = [
        (0, EMPTY_ROOT, at(0, other), []),  # size 0 with a root of its own
        (0, EMPTY_ROOT, at(300), path),  # a proof from nothing
        (5, five, at(0), []),  # a log that shrank to nothing
        (5, five, at(4), []),
        (5, five, at(5, other), []),  # a fork at one size
        (5, five, at(5), path),
        (5, five, at(300), []),
        (5, other, at(300), path),
        (5, five, at(300, other), path),
        (5, five, at(300), path[::-1]),
        (6, other, at(300), path),
    ]
    for size, root, checkpoint, proof in cases:
        with pytest.raises(VerificationError):
            verify_growth(size=size, root=root, checkpoint=checkpoint, path=proof)
