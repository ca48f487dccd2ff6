import json

import pytest
from support_tlog import (
    COSIGNER,
    COSIGNER_KEY,
    LOG_KEY,
    ORIGIN,
    TIME_S,
    TLOG,
    WORKED_LOGS,
    WorkedLog,
    cosigner_verifier,
    log_verifier,
    seeded,
)

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.note import (
    SIGNATURES_MAX,
    Note,
    NoteSigner,
    NoteVerifier,
    SignatureLine,
    SignatureType,
    cosignature_time_s,
    decode_base64,
    encode_base64,
    merge_signatures,
    parse_decimal,
    parse_note,
    parse_signature_lines,
    parse_vkey,
    verify_note,
)

KEYS = json.loads((TLOG / "keys.json").read_text())
RAW = (TLOG / "log300" / "checkpoint").read_bytes()
NOTE = parse_note(RAW)
LOG, WITNESS = log_verifier(), cosigner_verifier()
# The note of the signed-note specification, by a key that is not given there.
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj9"
    "9ihAQwaqP3ZekRwNtIc=\n"
)


def test_foreign_vkeys_are_read_and_written() -> None:
    for text, verifier in ((KEYS["log_vkey"], LOG), (KEYS["witness_vkey"], WITNESS)):
        assert parse_vkey(text) == verifier
        assert verifier.vkey() == text


@pytest.mark.parametrize("log", WORKED_LOGS, ids=lambda log: log.folder.name)
def test_foreign_notes_hold(log: WorkedLog) -> None:
    raw = (log.folder / "checkpoint").read_bytes()
    known = [log_verifier(name=log.origin), cosigner_verifier(name=log.cosigner)]
    assert parse_note(raw).encode() == raw
    assert verify_note(parse_note(raw), known) == known
    assert cosignature_time_s(parse_note(raw).signatures[1].signature) == TIME_S


def test_foreign_signatures_are_made_again() -> None:
    log = NoteSigner(name=ORIGIN, key=LOG_KEY, type=SignatureType.ED25519)
    cosigner = NoteSigner(name=COSIGNER, key=COSIGNER_KEY, type=SignatureType.COSIGNATURE_V1)
    lines = (log.sign(NOTE.text), cosigner.sign(NOTE.text, timestamp_s=TIME_S))
    assert Note(text=NOTE.text, signatures=lines).encode() == RAW
    assert (log.verifier(), cosigner.verifier()) == (LOG, WITNESS)


def test_the_text_ends_at_the_last_blank_line() -> None:
    note = parse_note(POEM.encode())
    assert note.text.endswith("sole:\n\ned è subito sera.\n".encode())
    assert note.signatures[0].key_id.hex() == "367ba04b"
    assert note.encode() == POEM.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        RAW[:-1],
        RAW + b"\n",
        RAW + b"more\n",
        RAW.replace("—".encode(), b"-"),
        RAW.replace("— ".encode(), "—".encode()),
        RAW.replace("— ".encode(), "—  ".encode()),
        RAW.replace(b"\n\n", b"\n"),
        RAW.replace(b"credit\n", b"cre\tdit\n"),
        RAW.replace(b"\n", b"\r\n"),
        RAW.replace(b"credit\n", b"cre\x00dit\n"),
        RAW.replace(b"credit\n", b"cre\xffdit\n"),
        RAW.replace(b"credit\n", b"cre\xed\xa0\x80dit\n"),
        RAW.replace(b" member-b", b" member+b"),
        RAW.replace(b" member-b", " member\u00a0b".encode()),
        RAW.replace(b" member-b", " member\u2028b".encode()),
        RAW.replace(b" member-b.example/w1", b""),
        RAW.replace(b"/w1 Dp8t", b"/w1 Dp8t "),
        RAW.replace(b"/w1 Dp8t", b"/w1 Dp8_"),
        RAW.replace(b"BA==\n", b"BA=\n"),
        RAW.replace(b"BA==\n", b"BA\n"),
        RAW.replace(b"BA==\n", b"==\n"),
        RAW.replace(b"YA0=\n", b"YA1=\n"),  # the same bytes, not canonical
        b"text\n\n" + "— name AAAAAA==\n".encode(),  # a key id and nothing behind it
        b"text\n\n" + "— name \n".encode(),
        b"text\n\n" + "— name\n".encode(),
        bytes(1_000_001),
        b"a" * 1_000_001,
    ],
)
def test_what_is_no_note(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_note(raw)


def test_a_note_has_a_limited_number_of_signatures() -> None:
    line = NOTE.signatures[0].encode()
    assert len(parse_note(b"text\n\n" + line * SIGNATURES_MAX).signatures) == 100
    with pytest.raises(MalformedError):
        parse_note(b"text\n\n" + line * (SIGNATURES_MAX + 1))


def test_unknown_keys_are_ignored_even_under_a_known_name_or_id() -> None:
    same_name = SignatureLine(name=ORIGIN, key_id=b"\0\0\0\0", signature=b"x")
    same_id = SignatureLine(name="other.example", key_id=LOG.key_id, signature=b"x")
    note = Note(text=NOTE.text, signatures=(same_name, same_id, *NOTE.signatures))
    assert verify_note(note, [LOG]) == [LOG]


def test_without_a_known_key_nothing_is_believed() -> None:
    with pytest.raises(VerificationError, match="known key"):
        verify_note(NOTE, [])
    with pytest.raises(VerificationError, match="known key"):
        verify_note(NOTE, [log_verifier(seeded(9)), log_verifier(name="ledger.example/other")])


def test_a_known_key_with_a_bad_signature_spoils_the_note() -> None:
    good, other = NOTE.signatures
    forged = SignatureLine(name=other.name, key_id=other.key_id, signature=other.signature[:-1] + b"\0")
    for lines in ((good, forged), (forged, good), (good, other, forged)):
        with pytest.raises(VerificationError):
            verify_note(Note(text=NOTE.text, signatures=lines), [LOG, WITNESS])


@pytest.mark.parametrize("changed", range(len(NOTE.text)))
def test_every_byte_of_the_text_is_signed_by_both(changed: int) -> None:
    text = bytearray(NOTE.text)
    text[changed] ^= 1
    for verifier in (LOG, WITNESS):
        with pytest.raises(VerificationError):
            verify_note(Note(text=bytes(text), signatures=NOTE.signatures), [verifier])


@pytest.mark.parametrize("at", [0, 7, 8, 39, 40, 71])
def test_every_part_of_a_cosignature_counts(at: int) -> None:
    signature = bytearray(NOTE.signatures[1].signature)
    signature[at] ^= 0x80 if at == 0 else 1
    with pytest.raises(VerificationError):
        WITNESS.verify(text=NOTE.text, signature=bytes(signature))


@pytest.mark.parametrize("length", [0, 8, 63, 64, 71, 73])
def test_signatures_of_another_length_do_not_hold(length: int) -> None:
    signature = (NOTE.signatures[1].signature + b"\0")[:length]
    with pytest.raises(VerificationError):
        WITNESS.verify(text=NOTE.text, signature=signature)
    with pytest.raises(VerificationError):
        LOG.verify(text=NOTE.text, signature=signature)


def test_one_type_of_signature_does_not_pass_for_the_other() -> None:
    as_log = NoteVerifier(name=COSIGNER, public=COSIGNER_KEY.public, type=SignatureType.ED25519)
    assert as_log.key_id != WITNESS.key_id
    plain = NoteSigner(name=COSIGNER, key=COSIGNER_KEY, type=SignatureType.ED25519).sign(NOTE.text)
    with pytest.raises(VerificationError):
        WITNESS.verify(text=NOTE.text, signature=bytes(8) + plain.signature)
    with pytest.raises(VerificationError):
        as_log.verify(text=NOTE.text, signature=NOTE.signatures[1].signature)


def test_a_signer_keeps_to_its_type() -> None:
    log = NoteSigner(name=ORIGIN, key=LOG_KEY, type=SignatureType.ED25519)
    cosigner = NoteSigner(name=COSIGNER, key=COSIGNER_KEY, type=SignatureType.COSIGNATURE_V1)
    with pytest.raises(ValueError, match="time"):
        log.sign(b"text\n", timestamp_s=TIME_S)
    with pytest.raises(ValueError, match="time"):
        cosigner.sign(b"text\n")
    for timestamp_s in (-1, 1 << 63):
        with pytest.raises(ValueError, match="outside"):
            cosigner.sign(b"text\n", timestamp_s=timestamp_s)
    with pytest.raises(MalformedError):
        log.sign(b"text")


def test_a_time_of_zero_is_a_time() -> None:
    cosigner = NoteSigner(name=COSIGNER, key=COSIGNER_KEY, type=SignatureType.COSIGNATURE_V1)
    line = cosigner.sign(b"text\n", timestamp_s=0)
    WITNESS.verify(text=b"text\n", signature=line.signature)


def vkey_of(public: bytes) -> str:
    return NoteVerifier(name="name", public=public, type=SignatureType.ED25519).vkey()


VKEY = KEYS["log_vkey"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        VKEY.replace("31e74e63", "31e74e64"),
        VKEY.replace("31e74e63", "31E74E63"),
        VKEY.replace("31e74e63", "31e74e6"),
        VKEY.replace("ledger", "leger"),
        VKEY.replace("/credit", "/cre dit"),
        VKEY.replace("ledger.example/credit", ""),
        VKEY + "=",
        VKEY + "\n",
        VKEY.replace("AQOhB7", "AgOhB7"),  # ECDSA
        VKEY.replace("AQOhB7", "BgOhB7"),  # ML-DSA-44
        VKEY[:-4],
        VKEY.replace("+AQ", "++AQ"),
        "PRIVATE+KEY+" + VKEY,
        "bad\udcffname+00000000+" + VKEY.rpartition("+")[2],
        vkey_of(bytes(32)),  # of order 4
        vkey_of(bytes([1]) + bytes(31)),  # the identity
        vkey_of(b"\xff" * 31 + b"\x7f"),  # y beyond the field
    ],
)
def test_what_is_no_vkey(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_vkey(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\nb", "a\u3000b", "a\x1fb", "a\u0085b"])
def test_what_is_no_key_name(name: str) -> None:
    with pytest.raises(MalformedError):
        log_verifier(name=name)
    with pytest.raises(MalformedError):
        NoteSigner(name=name, key=LOG_KEY, type=SignatureType.ED25519)


def test_a_key_of_another_length_is_none() -> None:
    with pytest.raises(MalformedError):
        NoteVerifier(name="name", public=bytes(31), type=SignatureType.ED25519)


def test_merging_adds_who_has_not_signed_yet() -> None:
    log, witness = NOTE.signatures
    unsigned = Note(text=NOTE.text, signatures=(log,))
    assert merge_signatures(unsigned, [witness]) == NOTE
    later = SignatureLine(name=witness.name, key_id=witness.key_id, signature=bytes(72))
    assert merge_signatures(NOTE, [later, log]) == NOTE


def test_merging_keeps_to_the_limit() -> None:
    lines = [SignatureLine(name=f"n{i}", key_id=bytes(4), signature=b"s") for i in range(SIGNATURES_MAX)]
    assert len(merge_signatures(Note(text=b"t\n", signatures=()), lines).signatures) == SIGNATURES_MAX
    with pytest.raises(MalformedError):
        merge_signatures(NOTE, lines)


def test_what_a_witness_answers_is_read() -> None:
    raw = b"".join(line.encode() for line in NOTE.signatures)
    assert parse_signature_lines(raw) == NOTE.signatures
    for bad in (b"", b"\n", raw[:-1], raw + b"\n", b"\n" + raw, b"\xff\n"):
        with pytest.raises(MalformedError):
            parse_signature_lines(bad)


def test_base64_has_one_spelling() -> None:
    assert decode_base64(encode_base64(b"\xfb\xff")) == b"\xfb\xff"
    for text in ("+/8", "-_8=", "+/9=", "+/8=\n", " +/8=", "+/8==", "=", "+/8=é"):
        with pytest.raises(MalformedError):
            decode_base64(text)


def test_decimals_have_one_spelling() -> None:
    assert [parse_decimal(text) for text in ("0", "10", str(2**63 - 1))] == [0, 10, 2**63 - 1]
    for text in ("", "00", "01", "-1", "+1", " 1", "1\n", "1_0", "٣", str(2**63), "9" * 30):
        with pytest.raises(MalformedError):
            parse_decimal(text)
