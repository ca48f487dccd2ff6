import hashlib
from datetime import date
from typing import Any

import pytest
from support import vectors

from hanse_ledger.codec import encode
from hanse_ledger.errors import VerificationError
from hanse_ledger.evidence import (
    ProofStep,
    evidence_root,
    leaf_hash,
    prove_leaf,
    row_leaves,
    tree_root,
    verify_leaf,
)
from hanse_ledger.ids import SubjectId, month_of
from hanse_ledger.rows import Invoice, Row

VECTORS = vectors("evidence.json")
sizes = pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{len(case['leaves'])} leaves")


def leaf_arguments(case: dict[str, Any], index: int) -> dict[str, Any]:
    name, value = case["leaves"][index]
    return {
        "salt": bytes.fromhex(case["salts"][index]),
        "name": name,
        "value": value,
        "index": index,
        "leaf_count": len(case["leaves"]),
        "proof": case["proofs"][index],
        "root": bytes.fromhex(case["evidence_root"]),
    }


@sizes
def test_vectors(case: dict[str, Any]) -> None:
    hashes = [
        leaf_hash(bytes.fromhex(salt), name, value)
        for salt, (name, value) in zip(case["salts"], case["leaves"], strict=True)
    ]
    assert [each.hex() for each in hashes] == case["leaf_hashes"]
    assert tree_root(hashes).hex() == case["tree_root"]
    assert evidence_root(hashes).hex() == case["evidence_root"]
    assert [prove_leaf(hashes, index) for index in range(len(hashes))] == case["proofs"]
    for index in range(len(hashes)):
        verify_leaf(**leaf_arguments(case, index))


@sizes
def test_the_leaves_of_the_vectors_come_from_rows(case: dict[str, Any]) -> None:
    figures = dict(case["leaves"][:5])
    invoices = [
        Invoice(
            reference=reference,
            invoice_date=date.fromisoformat(invoiced),
            due_date=date.fromisoformat(due),
            paid_date=date.fromisoformat(paid) if paid else None,
            amount_minor=amount,
            currency=currency,
            lost_on=None,
        )
        for _, (reference, invoiced, due, paid, amount, currency) in case["leaves"][5:]
    ]
    row = Row(
        condition=figures["condition"],
        exposure=figures["exposure"],
        delay=figures["delay"],
        peak_minor=1,
        delay_days=1,
    )
    # The vectors' invoices were paid in September and their month is October: no row of that month has them.
    september = month_of(2026, 9)
    leaves = row_leaves(subject=figures["subject"], month=september, row=row, invoices=reversed(invoices))
    assert leaves[1] == ("month", september)
    assert [list(leaf) for leaf in (leaves[0], *leaves[2:])] == [case["leaves"][0], *case["leaves"][2:]]


def line(reference: str, invoiced: date, paid: date | None = None) -> Invoice:
    return Invoice(
        reference=reference,
        invoice_date=invoiced,
        due_date=date(2026, 6, 30),
        paid_date=paid,
        amount_minor=1,
        currency="EUR",
        lost_on=None,
    )


def test_only_open_invoices_are_leaves_and_bytes_order_them() -> None:
    row = Row(condition=0, exposure=0, delay=0, peak_minor=1, delay_days=0)
    opened = date(2026, 6, 1)
    # UTF-16 and the library's collation would order the last two differently.
    references = ["10", "9", "Z", "a", "\u00e9", "\uffee", "\U0001f600"]
    invoices = [line(reference, opened) for reference in reversed(references)]
    invoices += [line("0", date(2026, 7, 1)), line("1", opened, paid=date(2026, 5, 1))]
    leaves = row_leaves(subject=SubjectId("ref:A:1"), month=month_of(2026, 6), row=row, invoices=invoices)
    assert [value[0] for name, value in leaves if name == "invoice"] == references


def test_a_leaf_is_the_protocols_cbor() -> None:
    salt = bytes(range(16))
    for value in (0, 2**40, "ref:A:1", ["é", "2026-06-01", "2026-06-30", "", 10**12, "EUR"]):
        expected = hashlib.sha256(b"\x00" + salt + encode(["invoice", value])).digest()
        assert leaf_hash(salt, "invoice", value) == expected


def test_a_salt_has_sixteen_bytes_and_a_leaf_a_name_of_its_own() -> None:
    for salt, name in ((bytes(15), "month"), (bytes(17), "month"), (bytes(16), "amount")):
        with pytest.raises(ValueError, match="16 bytes"):
            leaf_hash(salt, name, 1)


def test_an_empty_tree_and_a_leaf_outside_are_no_trees() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        tree_root([])
    for index in (-1, 1):
        with pytest.raises(IndexError):
            prove_leaf([bytes(32)], index)


@sizes
def test_a_shown_leaf_that_was_changed_is_refused(case: dict[str, Any]) -> None:
    count = len(case["leaves"])
    for index in range(count):
        shown = leaf_arguments(case, index)
        value, proof = shown["value"], shown["proof"]
        other = case["proofs"][(index + 1) % count]
        changes: list[dict[str, Any]] = [
            {"value": value[:-1] if isinstance(value, str | list) else value + 1},
            {"salt": bytes(16)},
            {"salt": shown["salt"] + b"\x00"},
            {"salt": shown["salt"][:-1]},
            {"name": "invoices" if index >= 5 else "invoice"},
            {"index": (index + 1) % count},
            {"index": -1},
            {"index": count},
            {"leaf_count": count + 1},
            {"leaf_count": 2**32},
            {"root": bytes.fromhex(case["tree_root"])},
            {"proof": other},
            {"proof": proof[:-1]},
            {"proof": proof[1:]},
            {"proof": [*proof, proof[-1]]},
            {"proof": [*proof[:-1], {**proof[-1], "left": "00" * 32, "right": "00" * 32}]},
            {"proof": [*proof[:-1], {}]},
            {"proof": [*proof[:-1], {side: text.upper() + " " for side, text in proof[-1].items()}]},
            {"proof": [*proof[:-1], dict.fromkeys(proof[-1], "00" * 32)]},
        ]
        for change in changes:
            with pytest.raises(VerificationError):
                verify_leaf(**{**shown, **change})


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    # A member commits to two "leaf hashes" that are the halves of a forged leaf's bytes: their parent is
    # that leaf's hash, as inner nodes have no prefix.
    salt, forged = bytes(range(16)), "f" * 36
    preimage = b"\x00" + salt + encode(["invoice", forged])
    assert len(preimage) == 64
    halves = [preimage[:32], preimage[32:]]
    hashes = [*(hashlib.sha256(bytes([n])).digest() for n in range(10)), *halves]
    short: list[ProofStep] = prove_leaf(hashes, 10)[1:]

    above = [hashlib.sha256(hashes[n] + hashes[n + 1]).digest() for n in range(0, 12, 2)]
    assert above[5] == leaf_hash(salt, "invoice", forged)
    assert short == prove_leaf(above, 5)  # so merkletools takes the proof ...
    assert tree_root(above) == tree_root(hashes)
    for count, index in [(6, 5), *((12, index) for index in range(5, 12))]:  # ... and we do not
        with pytest.raises(VerificationError):
            verify_leaf(
                salt=salt,
                name="invoice",
                value=forged,
                index=index,
                leaf_count=count,
                proof=short,
                root=evidence_root(hashes),
            )
