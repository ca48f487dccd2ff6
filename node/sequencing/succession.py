"""Whether a log can still be ordered under a next consortium document."""

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import PartyId
from node.sequencing.cometbft.validators import check_change, validators_of


def check_ordering(current: Consortium, following: Consortium, *, orderer: PartyId | None) -> None:
    """Refuse a document that would leave nobody to order; `orderer` orders alone, without one they agree.

    Acceptance knows no orderer, and would take it: this is for who proposes and who votes. Raises
    DocumentError for `ordering`.
    """
    if orderer is None:
        check_change(validators_of(current).values(), validators_of(following).values())
    elif orderer not in following.ordering:
        raise DocumentError(field="ordering", reason=f"{orderer} orders the log now; hand that over first")
