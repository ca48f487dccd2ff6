"""What a firm says about its export, where the file does not say it by itself.

A mapping file is JSON or TOML with these keys, all optional: `columns` (field -> header; "" says
that the file has no such column), `date_order` ("ymd", "dmy" or "mdy", or a table field -> order),
`decimal` ("." or ","), `statuses` (a word of the file -> a status), `delimiter`, `encoding`, `sheet`.
"""

import codecs
import json
import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from node.receivables.errors import MappingError

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]
DecimalSign: TypeAlias = Literal[".", ","]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
SIGNS: Final[tuple[DecimalSign, ...]] = get_args(DecimalSign)

FIELDS: Final = (
    "invoice",
    "customer",
    "invoice_date",
    "due_date",
    "paid_date",
    "amount",
    "currency",
    "status",
    "status_date",
    "disputed",
)
DATE_FIELDS: Final = ("invoice_date", "due_date", "paid_date", "status_date")
STATUS_NAMES: Final = ("open", "paid", "collection", "charged_off", "insolvent", "returned", "disputed")
DELIMITERS: Final = (",", ";", "\t", "|")
_LIMIT_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A firm's word on its file; what is empty or None is found out from the file."""

    columns: Table[str, str] = field(default_factory=dict)
    date_order: Table[str, Order] = field(default_factory=dict)
    decimal: DecimalSign | None = None
    statuses: Table[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def to_json(self) -> str:
        """Return the mapping as the JSON text that `parse_mapping` reads back to an equal one."""
        values: dict[str, Any] = {"columns": dict(self.columns), "date_order": self._order_json()}
        values |= {"decimal": self.decimal, "statuses": dict(self.statuses), "delimiter": self.delimiter}
        values |= {"encoding": self.encoding, "sheet": self.sheet}
        kept = {key: value for key, value in values.items() if value not in (None, {})}
        return json.dumps(kept, ensure_ascii=False, indent=2) + "\n"

    def _order_json(self) -> str | dict[str, Order]:
        orders = set(self.date_order.values())
        whole = set(self.date_order) == set(DATE_FIELDS) and len(orders) == 1
        return orders.pop() if whole else dict(self.date_order)


def parse_mapping(raw: bytes) -> Mapping:
    """Read a mapping file, JSON if it begins with a brace and TOML otherwise; raise MappingError."""
    if len(raw) > _LIMIT_BYTES:
        raise MappingError(f"a mapping has at most {_LIMIT_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError("the mapping is neither JSON nor TOML") from error
    unknown = set(found) - set(Mapping.__dataclass_fields__)
    if unknown:
        raise MappingError(
            f"unknown settings in the mapping; known are {_list(Mapping.__dataclass_fields__)}"
        )
    return _mapping(found)


def _mapping(found: dict[str, Any]) -> Mapping:
    order = found.get("date_order", {})
    if isinstance(order, str):
        order = dict.fromkeys(DATE_FIELDS, order)
    return Mapping(
        columns=_texts(found, "columns", FIELDS, None),
        date_order=_texts({"date_order": order}, "date_order", DATE_FIELDS, ORDERS),  # type: ignore[arg-type]
        decimal=_one_of(found, "decimal", SIGNS),
        statuses=_texts(found, "statuses", None, STATUS_NAMES),
        delimiter=_one_of(found, "delimiter", DELIMITERS),
        encoding=_encoding(found),
        sheet=_one_of(found, "sheet", None),
    )


def _texts(
    found: dict[str, Any], key: str, names: tuple[str, ...] | None, values: tuple[str, ...] | None
) -> dict[str, str]:
    table = found.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise MappingError(f"{key} is a table of texts")
    if names is not None and not set(table) <= set(names):
        raise MappingError(f"{key} names {_list(names)}, nothing else")
    if values is not None and not set(table.values()) <= set(values):
        raise MappingError(f"{key} has the values {_list(values)}, nothing else")
    return table


def _one_of(found: dict[str, Any], key: str, values: tuple[Any, ...] | None) -> Any:
    value = found.get(key)
    if (
        value is None
        or (values is None and isinstance(value, str))
        or (values is not None and value in values)
    ):
        return value
    raise MappingError(f"{key} is one of {_list(values)}" if values else f"{key} is a text")


def _encoding(found: dict[str, Any]) -> str | None:
    name = _one_of(found, "encoding", None)
    if name is None:
        return None
    try:
        "".encode(name)  # refuses unknown names and, unlike lookup, codecs that do not give text
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise MappingError("encoding is a name such as utf-8, gb18030 or cp1252") from error


def _list(names: Any) -> str:
    return ", ".join(repr(name) for name in names)
