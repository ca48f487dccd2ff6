"""Four members' books over the last two months, and how nodes in processes report and close them."""

from datetime import UTC, datetime

from support_net import NodeProcess, wait_until

from consortium_config.sample import STEWARDS
from hanse_ledger.ids import Month, PartyId, month_at, month_text

MEMBERS = [PartyId(name) for name in ("alder", "birch", "cedar", "elm")]
SHARED = "ref:DEMO:SHARED"


def log_months() -> tuple[Month, Month]:
    """The two months before this one."""
    this = month_at(datetime.now(UTC).date())
    return Month(this - 2), Month(this - 1)


def book(place: int, months: tuple[Month, ...]) -> bytes:
    lines = ["invoice,customer,invoice_date,due_date,paid_date,amount,currency"]
    for number, month in enumerate(map(month_text, months)):
        lines.append(f"{place}S{number},{SHARED},{month}-02,{month}-20,{month}-25,{100 + place}.00,EUR")
        lines.append(f"{place}O{number},ref:DEMO:OWN{place},{month}-03,{month}-10,,55.00,EUR")
    return "".join(f"{line}\n" for line in lines).encode()


def all_count(node: NodeProcess, month: Month) -> bool:
    reported = node.ask("GET", "/v1/reports")
    # Until it has read the close of the month before, a member speaks of that one.
    is_current = reported["month"] == month_text(month)
    return bool(is_current and reported["reports"] and reported["counting"] == reported["reports"])


def close(nodes: dict[PartyId, NodeProcess], month: Month) -> None:
    for member in MEMBERS:
        wait_until(lambda: all_count(nodes[member], month), f"{member}'s reports count")  # noqa: B023
    for steward in STEWARDS.values():
        closing = {"month": month_text(month)}
        wait_until(
            lambda: nodes[steward].ask("POST", "/v1/months/close", json=closing) == closing,  # noqa: B023
            f"{steward} closes",
        )
