"""Errors of the client are told apart by code from each other's, the core's and a node's in one process."""

from collections import Counter

import node.errors
import node.receivables.errors
from hanse_client import errors
from hanse_ledger.errors import LedgerError


def kinds(root: type[LedgerError]) -> list[type[LedgerError]]:
    return [root, *(kind for below in root.__subclasses__() for kind in kinds(below))]


def test_every_code_is_one_error_s() -> None:
    assert node.errors.NotFoundError.code == "not_found"
    assert node.receivables.errors.__name__
    found = [kind for kind in dict.fromkeys(kinds(LedgerError)) if "client" in kind.__module__]
    assert errors.NotFoundError in found
    codes = Counter(kind.code for kind in dict.fromkeys(kinds(LedgerError)))
    assert not {kind.__name__: kind.code for kind in found if codes[kind.code] > 1}
