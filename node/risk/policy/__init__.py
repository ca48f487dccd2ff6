"""The firm's own risk policy: a TOML file, its versions, and what a change of it would change."""

from node.risk.policy.errors import Fault, PolicyError
from node.risk.policy.reading import default_policy, default_raw, parse_policy
from node.risk.policy.whole import RiskPolicy

__all__ = ["Fault", "PolicyError", "RiskPolicy", "default_policy", "default_raw", "parse_policy"]
