"""A running node's log, fetched over HTTP as any client of tlog-tiles would, and checked whole."""

import json
from pathlib import Path

from support_months import log_months
from support_net import NodeProcess, wait_until

from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.ids import month_text
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.note import parse_note
from hanse_ledger.policy import verify_checkpoint
from hanse_ledger.proof import parse_proof, verify_proof
from hanse_ledger.tiles import decode_bundle, tile_paths
from hanse_ledger.witnessing import policy_of
from node.logs import audit, keys_of, open_source


def download(node: NodeProcess, out: Path) -> int:
    """Fetch a cosigned checkpoint and all that it covers, as any tlog-tiles client would."""

    def fetch(path: str) -> bytes:
        answer = node.client.get(path)
        assert answer.status_code == 200, path
        return answer.content

    def is_cosigned() -> bool:
        return len(parse_note(fetch("/log/checkpoint")).signatures) >= 4

    wait_until(is_cosigned, "the checkpoint is cosigned")
    out.mkdir()
    note = fetch("/log/checkpoint")
    size = parse_checkpoint(parse_note(note).text).size
    for path in tile_paths(size):
        target = out / path.encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(fetch(f"/log/{path.encode()}"))
    (out / "policy").write_bytes(fetch("/log/policy"))
    (out / "checkpoint").write_bytes(note)
    return size


def check_log(node: NodeProcess, out: Path) -> None:
    size = download(node, out)
    result = audit(open_source(out), lambda _step, _done, _of: None)
    assert result.is_cosigned
    assert result.last_closed == month_text(log_months()[1])
    (out / "keys.json").write_text(json.dumps(keys_of([result.consortium])))
    policy = policy_of(result.consortium)
    assert (out / "policy").read_bytes() == policy.encode()
    last = decode_bundle((out / f"tile/entries/000.p/{size}").read_bytes(), size)[-1]
    proof = parse_proof(node.client.get(f"/log/proof/{size - 1}").content)
    verify_proof(proof, leaf=leaf_hash(last), policy=policy)
    verify_checkpoint(node.client.get("/log/checkpoint").content, policy)
