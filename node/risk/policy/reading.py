"""Reading a risk policy from its file: sound as a whole, or refused with the lines that are wrong."""

from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import TypeAdapter

from node.risk.policy.checks import field_complaints, table_complaints
from node.risk.policy.source import open_source, read_into
from node.risk.policy.whole import RiskPolicy

_POLICY: Final[TypeAdapter[RiskPolicy]] = TypeAdapter(RiskPolicy)


def parse_policy(raw: bytes) -> RiskPolicy:
    """Return the policy of a file; raises PolicyError with all that is wrong, line by line.

    What is wrong with single fields is said first, then which rules cannot be meant, then whole tables.
    """
    source = open_source(raw)
    policy = read_into(source, _POLICY)
    source.refuse(field_complaints(policy))
    source.refuse(table_complaints(policy))
    return policy


def default_raw() -> bytes:
    """Return the file of the policy that is in force until a firm adopts its own."""
    return (files(__package__) / "default.toml").read_bytes()


@cache
def default_policy() -> RiskPolicy:
    """Return the policy that is in force until a firm adopts its own."""
    return parse_policy(default_raw())
