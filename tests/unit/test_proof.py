import dataclasses

import pytest
from support_tlog import TLOG, WORKED_LOGS, Tree, policy_of

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import leaf_hash, prove_inclusion
from hanse_ledger.note import SignatureLine
from hanse_ledger.proof import EXTRA_BYTES_MAX, TlogProof, parse_proof, verify_proof

RAW = (TLOG / "event-3.tlog-proof").read_bytes()
LOG300 = WORKED_LOGS[1]
POLICY = policy_of(LOG300)
PROOF = parse_proof(RAW)
LEAF = leaf_hash(b"event-3")


def test_the_foreign_proof_is_made_again_byte_for_byte() -> None:
    path = prove_inclusion(index=3, tree_size=300, read=Tree(LOG300.entries).read)
    note = (LOG300.folder / "checkpoint").read_bytes()
    proof = TlogProof(index=3, path=tuple(path), note=note)
    assert proof.encode() == RAW
    assert proof == PROOF


def test_the_foreign_proof_holds() -> None:
    assert verify_proof(PROOF, leaf=LEAF, policy=POLICY, strict=True) == LOG300.checkpoint()


@pytest.mark.parametrize("extra", [b"x", bytes(EXTRA_BYTES_MAX)], ids=len)
def test_extra_bytes_ride_along_without_weight(extra: bytes) -> None:
    raw = dataclasses.replace(PROOF, extra=extra).encode()
    assert raw.split(b"\n")[1].startswith(b"extra ")
    assert parse_proof(raw).extra == extra
    assert max(map(len, raw.split(b"\n"))) < 64 * 1024
    verify_proof(parse_proof(raw), leaf=LEAF, policy=POLICY)


def test_too_many_extra_bytes_are_not_written() -> None:
    with pytest.raises(MalformedError):
        dataclasses.replace(PROOF, extra=bytes(EXTRA_BYTES_MAX + 1)).encode()


def test_a_log_of_one_entry_has_an_empty_path() -> None:
    raw = RAW[: RAW.index(b"T7cN")] + RAW[RAW.index(b"\nledger") :]
    assert parse_proof(raw).path == ()
    assert parse_proof(raw).encode() == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        RAW[:-1],
        RAW[1:],
        b"\n" + RAW,
        RAW.replace(b"@v1", b"@v2"),
        RAW.replace(b"@v1\n", b"@v1\r\n"),
        RAW.replace(b"index 3\n", b""),
        RAW.replace(b"index 3", b"index 03"),
        RAW.replace(b"index 3", b"index -3"),
        RAW.replace(b"index 3", b"index  3"),
        RAW.replace(b"index 3", b"index"),
        RAW.replace(b"index 3", b"Index 3"),
        RAW.replace(b"index 3", "index 3é".encode()),
        RAW.replace(b"index 3\n", b"index 3\nindex 3\n"),
        RAW.replace(b"index 3\n", b"extra \nindex 3\n"),
        RAW.replace(b"index 3\n", b"extra AB==\nindex 3\n"),
        RAW.replace(b"index 3\n", b"extra AA==\nextra AA==\nindex 3\n"),
        RAW.replace(b"index 3\n", b"index 3\nextra AA==\n"),
        RAW.replace(b"index 3\n", b"extra " + b"AAAA" * (EXTRA_BYTES_MAX // 3 + 1) + b"\nindex 3\n"),
        RAW.replace(b"T7cN", b""),
        RAW.replace(b"T7cNqg", b"T7cN qg"),
        RAW.replace(b"\n\nledger", b"\nledger"),
        RAW.replace(b"\n\nledger", b"\n\n\nledger"),
        RAW.replace(b"index 3\n", b"index 3\n" + RAW.split(b"\n")[2] * 55 + b"\n"),
        RAW.replace(b"\n300\n", b"\n0300\n"),
        RAW[: RAW.index(b"ledger")],
        RAW[: RAW.index("—".encode())],
        RAW + b"a" * 1_100_000,
    ],
)
def test_what_is_no_proof_file(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_proof(raw)


def test_a_path_has_at_most_63_hashes() -> None:
    line = RAW.split(b"\n")[2] + b"\n"
    assert len(parse_proof(RAW.replace(b"index 3\n", b"index 3\n" + line * 54)).path) == 63
    with pytest.raises(MalformedError):
        parse_proof(RAW.replace(b"index 3\n", b"index 3\n" + line * 55))


LOG5_NOTE = (WORKED_LOGS[0].folder / "checkpoint").read_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        dataclasses.replace(PROOF, index=2),
        dataclasses.replace(PROOF, index=300),
        dataclasses.replace(PROOF, path=PROOF.path[:-1]),
        dataclasses.replace(PROOF, path=PROOF.path[::-1]),
        dataclasses.replace(PROOF, path=(*PROOF.path, PROOF.path[-1])),
        dataclasses.replace(PROOF, path=(NodeHash(bytes(32)), *PROOF.path[1:])),
        dataclasses.replace(PROOF, note=LOG5_NOTE),
        dataclasses.replace(PROOF, note=PROOF.note.replace(b"300", b"301")),
        dataclasses.replace(PROOF, note=PROOF.note.replace(b"/w1 Dp8t", b"/w1 Dp8u")),
        dataclasses.replace(PROOF, note=b"".join(PROOF.note.splitlines(keepends=True)[:-1])),
    ],
)
def test_a_proof_that_proves_nothing(changed: TlogProof) -> None:
    with pytest.raises(VerificationError):
        verify_proof(parse_proof(changed.encode()), leaf=LEAF, policy=POLICY)


def test_another_entry_is_not_proven() -> None:
    with pytest.raises(VerificationError):
        verify_proof(PROOF, leaf=leaf_hash(b"event-4"), policy=POLICY)


def test_a_strict_reader_takes_no_stranger_s_signature() -> None:
    stranger = SignatureLine(name="stranger", key_id=bytes(4), signature=b"s").encode()
    proof = dataclasses.replace(PROOF, note=PROOF.note + stranger)
    verify_proof(proof, leaf=LEAF, policy=POLICY)
    with pytest.raises(VerificationError):
        verify_proof(proof, leaf=LEAF, policy=POLICY, strict=True)
