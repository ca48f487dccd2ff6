"""Evidence against whoever orders the log, kept in the node's database and as files beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from hanse_ledger.ids import PartyId
from hanse_ledger.misbehaviour import DoubleVote, Fork, Misbehaviour, Refused, Shrunk, Withheld
from hanse_ledger.misbehaviour_file import encode_evidence
from node.files import write_whole
from node.sequencing.term import Term
from node.storage.database import Database
from node.storage.schema import log_evidence

EVIDENCE_FOLDER: Final = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One piece of evidence: the name of its file, what it shows, since when."""

    name: str
    kind: str
    at: datetime


class EvidenceStore:
    """Owned by one thread. The first piece of each kind on each matter is kept, in each term."""

    def __init__(self, database: Database, folder: Path, party: PartyId) -> None:
        """`folder` is the node's own."""
        self._database, self._folder = database, folder / EVIDENCE_FOLDER
        self.party = party

    def keep(self, found: Misbehaviour, term: Term, at: datetime) -> str:
        """Store evidence durably, then write its file; return the file's name."""
        kind, matter = _matter(found)
        name = f"{kind}-{matter}-{term.since}.json"
        query = select(log_evidence.c.name).where(log_evidence.c.name == name)
        raw = encode_evidence(found, kept_by=self.party)
        with self._database.write() as connection:
            if connection.execute(query).scalar() is None:
                values = {"name": name, "kind": kind, "term": str(term), "at": at.isoformat(), "content": raw}
                connection.execute(log_evidence.insert(), values)
        self.write_files()
        return name

    def of_term(self, term: Term) -> Sequence[Kept]:
        """Return what was found in a term."""
        query = select(log_evidence.c.name, log_evidence.c.kind, log_evidence.c.at)
        with self._database.read() as connection:
            rows = connection.execute(query.where(log_evidence.c.term == str(term))).all()
        return [Kept(name=row.name, kind=row.kind, at=datetime.fromisoformat(row.at)) for row in rows]

    def write_files(self) -> None:
        """Write every file that is not there: a crash may have come between."""
        with self._database.read() as connection:
            rows = connection.execute(select(log_evidence.c.name, log_evidence.c.content)).all()
        for row in rows:
            if not (self._folder / row.name).exists():
                write_whole(self._folder / row.name, row.content)


def _matter(found: Misbehaviour) -> tuple[str, int | str]:
    match found:
        case Fork():
            return "fork", found.smaller.checkpoint.size
        case Shrunk():
            return "shrunk", found.before.checkpoint.size
        case Refused():
            return "refused", found.index
        case Withheld():
            return "withheld", found.before.checkpoint.size
        case DoubleVote():
            return "double_vote", f"{found.key.hex()[:8]}-{found.first.height}"
