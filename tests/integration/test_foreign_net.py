"""A running log met over HTTP by others' programs: Tessera's fsck, and a witness that is no party's."""

import time
from collections.abc import Callable
from pathlib import Path

from support_go import foreign_witness, fsck
from support_orderer import ALDER, Net, running_some
from support_tlog import COSIGNER_KEY, LOG_KEY, WORKED_LOGS, log_verifier

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.checkpoint import AddCheckpoint, parse_signed_checkpoint, sign_checkpoint
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.note import (
    Note,
    NoteVerifier,
    SignatureType,
    encode_base64,
    parse_note,
    parse_signature_lines,
)
from hanse_ledger.policy import verify_checkpoint
from hanse_ledger.witnessing import cosigner_name, policy_of

STEWARD = STEWARDS[StewardX(1)]
WITNESS = NoteVerifier(
    name="witness.example/w1", public=COSIGNER_KEY.public, type=SignatureType.COSIGNATURE_V1
)
PATIENCE_S = 120
ENTRIES = 300


def secret_of_witness() -> str:
    """Its key as Go's signers write it. A signer of type 0x01 is what makes cosignatures there."""
    typed = encode_base64(bytes([SignatureType.ED25519]) + bytes(range(0x20, 0x40)))
    plain = NoteVerifier(name=WITNESS.name, public=COSIGNER_KEY.public, type=SignatureType.ED25519)
    return f"PRIVATE+KEY+{WITNESS.name}+{plain.key_id.hex()}+{typed}"


def fill(net: Net) -> None:
    """Bring statements in one row, so that the log has more than one tile."""
    statements = []
    for number in range(ENTRIES):
        statements.append(net.sign(number))
        net.chain.append(statements[-1])
    for start in range(0, ENTRIES, 100):
        row = b"".join(statements[start : start + 100])
        headers = {"content-type": "application/cbor-seq"}
        told = net.nodes[DESK_ID].ask("POST", "/v1/statements", content=row, headers=headers)
        assert told["indexes"] == list(range(1 + start, 1 + start + 100))


def wait_note(net: Net, party: PartyId, holds: Callable[[Note], bool]) -> bytes:
    ends_at = time.monotonic() + PATIENCE_S
    while True:
        raw = net.nodes[party].client.get("/log/checkpoint").content
        if parse_signed_checkpoint(raw).size == ENTRIES + 1 and holds(parse_note(raw)):
            return raw
        assert time.monotonic() < ends_at, (raw, net.nodes[party].log())
        time.sleep(0.2)


def is_witnessed(note: Note) -> bool:
    return any((line.name, line.key_id) == (WITNESS.name, WITNESS.key_id) for line in note.signatures)


def check_cosigned(net: Net, raw: bytes) -> None:
    """The log's signature, the stewards' quorum, and the foreign witness."""
    verify_checkpoint(raw, policy_of(net.founded.consortium))
    note = parse_note(raw)
    (line,) = (one for one in note.signatures if one.name == WITNESS.name)
    WITNESS.verify(text=note.text, signature=line.signature)


def test_a_running_log_is_checked_and_cosigned_by_others_programs(tmp_path: Path) -> None:
    with running_some(tmp_path) as net:
        policy_vkey = policy_of(net.founded.consortium).logs[0].key.vkey()
        fill(net)
        with foreign_witness(secret_of_witness(), policy_vkey) as url:
            assert net.nodes[DESK_ID].stop() == 0
            with net.nodes[DESK_ID].config.open("a") as config:
                config.write(f'witnesses = [{{vkey = "{WITNESS.vkey()}", url = "{url}"}}]\n')
            net.start(DESK_ID)
            check_cosigned(net, wait_note(net, DESK_ID, is_witnessed))
        # Whoever follows shows it too, and whoever ordered still has it after a restart, unasked.
        check_cosigned(net, wait_note(net, STEWARD, is_witnessed))
        check_cosigned(net, wait_note(net, ALDER, is_witnessed))
        assert net.nodes[ALDER].stop() == 0
        net.start(ALDER)
        check_cosigned(net, net.nodes[ALDER].client.get("/log/checkpoint").content)
        for party in (DESK_ID, STEWARD):
            found = fsck(f"{net.nodes[party].url}/log/", policy_vkey)
            assert (found.returncode, found.stdout) == (0, "foreignnet: the log holds\n"), found.stderr
        cosign_a_foreign_log(net)


def cosign_a_foreign_log(net: Net) -> None:
    """A log of others, which a setting names, is cosigned as it grows; what is shown for it is kept."""
    node, worked = net.nodes[ALDER], WORKED_LOGS[0]
    signed = sign_checkpoint(worked.checkpoint(), LOG_KEY)
    body = AddCheckpoint(old_size=0, path=(), note=signed).encode()
    assert node.client.post("/log/add-checkpoint", content=body).status_code == 404
    assert node.stop() == 0
    with node.config.open("a") as config:
        config.write(f'witnessed_logs = ["{log_verifier().vkey()}"]\n')
    net.start(ALDER)
    answer = node.client.post("/log/add-checkpoint", content=body)
    assert answer.status_code == 200, answer.text
    (line,) = parse_signature_lines(answer.content)
    name = cosigner_name(net.founded.consortium.id, ALDER)
    key = net.founded.consortium.parties[ALDER].cosign_key
    NoteVerifier(name=name, public=key, type=SignatureType.COSIGNATURE_V1).verify(
        text=parse_note(signed).text, signature=line.signature
    )
    assert node.client.post("/log/add-checkpoint", content=body).text == "5\n"
