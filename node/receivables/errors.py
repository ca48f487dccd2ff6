"""Why a whole file is refused. What is wrong with single lines stands in the reading itself.

A message may name a column by its header and a line by its number, never what a cell holds.
"""

from hanse_ledger.errors import RejectedError


class ReceivablesError(RejectedError):
    """Base of all refusals of a whole file; `column` is the header it is about, if any."""

    code = "receivables"

    def __init__(self, message: str, *, column: str | None = None) -> None:
        super().__init__(message)
        self.column = column


class FileTooLargeError(ReceivablesError):
    """More bytes, lines or unpacked bytes than are read at once: split the file."""

    code = "receivables_too_large"


class EncodingError(ReceivablesError):
    """Text in an encoding that is none of those tried: save as UTF-8 or name it in the mapping."""

    code = "receivables_encoding"


class TableError(ReceivablesError):
    """No table of a kind that is read here: save as CSV or as .xlsx without a password."""

    code = "receivables_table"


class HeaderError(ReceivablesError):
    """No line among the first looks like column names: name the columns in the mapping."""

    code = "receivables_header"


class ColumnMissingError(ReceivablesError):
    """A column that is needed was not found: name it in the mapping."""

    code = "receivables_column_missing"


class ColumnAmbiguousError(ReceivablesError):
    """Two columns could be the one that is needed: name it in the mapping."""

    code = "receivables_column_ambiguous"


class DateOrderError(ReceivablesError):
    """The dates of a column do not say their own order: say `date_order` in the mapping."""

    code = "receivables_date_order"


class DecimalSignError(ReceivablesError):
    """The amounts do not say their own decimal sign: say `decimal` in the mapping."""

    code = "receivables_decimal"


class MappingError(ReceivablesError):
    """A mapping file that breaks its own format."""

    code = "receivables_mapping"
