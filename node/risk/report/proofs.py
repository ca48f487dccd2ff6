"""Answer files that went into reports, kept as they were made: they stay valid, whoever is in reach later."""

from sqlalchemy import Connection, select

from node.storage.database import Database
from node.storage.report_schema import kept_answer_file


class Proofs:
    """The kept answer files of one node, by the ids of their requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kept(self, request_id: str) -> bytes | None:
        """Return an answer file that was kept."""
        with self._database.read() as connection:
            return _content(connection, request_id)

    def keep(self, request_id: str, content: bytes) -> None:
        """Keep an answer file; the first of a request stays."""
        with self._database.write() as connection:
            if _content(connection, request_id) is None:
                values = {"request_id": request_id, "content": content}
                connection.execute(kept_answer_file.insert(), values)


def _content(connection: Connection, request_id: str) -> bytes | None:
    query = select(kept_answer_file.c.content).where(kept_answer_file.c.request_id == request_id)
    content: bytes | None = connection.execute(query).scalar_one_or_none()
    return content
