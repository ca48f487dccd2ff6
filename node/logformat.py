"""Log lines: text for a person, or one JSON object a line for a machine."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
Format: TypeAlias = Literal["text", "json"]


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, and the fields that were given."""

    def __init__(self, request_id: Callable[[], str | None]) -> None:
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. An exception's sentence may hold anything: its kind alone is told."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = self._request_id()
        if request_id is not None:
            line["request_id"] = request_id
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line | fields_of(record), ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """The usual line, with the fields that were given behind it."""

    def __init__(self, request_id: Callable[[], str | None]) -> None:
        super().__init__(LINE)
        self._request_id = request_id

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with its fields."""
        request_id = self._request_id()
        fields = fields_of(record) | ({} if request_id is None else {"request_id": request_id})
        told = "".join(f" {name}={value}" for name, value in fields.items())
        return super().formatMessage(record) + told


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that came with a record."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def use(form: Format, request_id: Callable[[], str | None]) -> None:
    """Let the root's handlers write in a format."""
    formatter = JsonFormatter(request_id) if form == "json" else TextFormatter(request_id)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
