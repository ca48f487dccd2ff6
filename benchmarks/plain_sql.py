"""What an inquiry is compared with: one plain table behind the HTTP server that our nodes have.

`python -m benchmarks.plain_sql FILE PORT` serves the table of `fill` with FastAPI and uvicorn: no ledger, no
privacy, no key; `GET /figures?subject=S` counts a subject's rows by month and condition.
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Column, Engine, Index, Integer, MetaData, Table, Text, create_engine, func, select

_metadata = MetaData()
_rows = Table(
    "row",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("member", Integer, nullable=False),
    Column("month", Integer, nullable=False),
    Column("condition", Integer, nullable=False),
    Index("row_subject", "subject"),
)
_MEMBERS, _CONDITIONS, _AT_ONCE = 4, 8, 10_000


def fill(path: Path, *, rows: int) -> None:
    """Write so many rows: four members' on each subject, as in the consortia that are measured."""
    engine = _engine(path)
    _metadata.create_all(engine)
    values = [
        {
            "subject": f"ref:BENCH:S{number // _MEMBERS:06}",
            "member": number % _MEMBERS,
            "month": 1,
            "condition": number % _CONDITIONS,
        }
        for number in range(rows)
    ]
    with engine.begin() as connection:
        for start in range(0, rows, _AT_ONCE):
            connection.execute(_rows.insert(), values[start : start + _AT_ONCE])
    engine.dispose()


def create_app(path: Path) -> FastAPI:
    """Return the application over a filled table."""
    app, engine = FastAPI(), _engine(path)

    @app.get("/figures")
    def figures(subject: str) -> list[dict[str, Any]]:
        columns = _rows.c.month, _rows.c.condition
        query = (
            select(*columns, func.count().label("rows")).where(_rows.c.subject == subject).group_by(*columns)
        )
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    return app


def _engine(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}")


if __name__ == "__main__":
    uvicorn.run(create_app(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_config=None)
