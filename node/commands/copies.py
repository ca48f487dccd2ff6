"""Every copy of the log that an embedded consortium's folder holds: the orderer's and each party's own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError, VerificationError
from node import logs
from node.bootstrap import PARTIES_FOLDER
from node.commands.output import Step
from node.sequencing.replica import Replica
from node.storage.database import Database


def audit_copies(
    folder: Path, consortium: Consortium, party: str | None, step: Step
) -> list[logs.AuditResult]:
    """Audit the copies of all parties, or of one, from their databases: no node is started for it.

    Raises VerificationError that names the party and what does not hold in its copy.
    """
    results = []
    for name, path in _databases(folder, party):
        try:
            result = _audit(path, consortium, step)
        except LedgerError as error:
            raise VerificationError(f"{name}: {error}") from error
        if result is not None:
            results.append(result)
    return results


def check_forks(copies: list[logs.AuditResult], replica: Replica) -> None:
    """Raise VerificationError for a copy that is no beginning of the log that `replica` holds."""
    for copy in copies:
        size = copy.checkpoint.size
        if size > replica.state.size or replica.root(size) != copy.checkpoint.root:
            raise VerificationError(f"two copies of the log differ within their first {size} statements")


def _databases(folder: Path, party: str | None) -> Iterator[tuple[str, Path]]:
    for home in sorted((folder / PARTIES_FOLDER).iterdir()):
        if party in {None, home.name}:
            for path in sorted(home.glob("*.sqlite")):
                yield home.name, path


def _audit(path: Path, consortium: Consortium, step: Step) -> logs.AuditResult | None:
    """Audit one database's copy; None where it holds none yet."""
    with closing(Database(path)) as database:
        replica = Replica(database)
        note = replica.log.checkpoint()
        if note is None:
            return None
        return logs.audit(logs.replica_source(replica, note), step, trusted=consortium)
