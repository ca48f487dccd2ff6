"""`hanse risk`: what a member's own node knows of its customers' risk, and what the firm does about it.

A line of the table for each theme; its module is imported when it is asked for.
"""

from typing import Final

from node.commands.tree import LazyGroup, new_app
from node.texts import mark

COMMANDS: Final = {
    "assess": (
        "node.commands.risk.assess",
        mark("Score customers, and say what the policy does about them."),
    ),
    "matrix": ("node.commands.risk.matrix", mark("Show the risk matrix, with all customers or one.")),
    "response": (
        "node.commands.risk.response",
        mark("What is to be done about customers: list it, decide on it, say that it is done."),
    ),
    "local": (
        "node.commands.risk.local",
        mark("Enter what the firm knows of a customer's statements and industry."),
    ),
    "fit": ("node.commands.risk.fit", mark("Fit a probability of paying late on the firm's own history.")),
    "model": ("node.commands.risk.model", mark("Show the card of a fitted model: what it is, and how good.")),
    "policy": ("node.commands.risk.policy", mark("Show, check, preview and adopt the firm's risk policy.")),
    "signals": ("node.commands.risk.signals", mark("Show what is known of a customer, or why it is not.")),
    "limits": ("node.commands.risk.limits", mark("The firm's own credit limits.")),
    "expert": ("node.commands.risk.expert", mark("What named people say of a customer beside the model.")),
    "register": (
        "node.commands.risk.register",
        mark("The register of risks: found by the policy's rules, entered by people."),
    ),
    "people": ("node.commands.risk.people", mark("Who may act in risk management, and in which role.")),
    "audit": ("node.commands.risk.audit", mark("The audit chain of risk management: check it, export it.")),
    "report": (
        "node.commands.risk.report",
        mark("One customer's risk report: figures, grade, reasons, response."),
    ),
    "portfolio": (
        "node.commands.risk.portfolio",
        mark("All customers in one run: grades, concentration, who has moved."),
    ),
}


class _Risk(LazyGroup):
    """The themes by name."""

    table = COMMANDS


app: Final = new_app(cls=_Risk, help=mark("Assess customers and decide what to do about them."))


@app.callback()
def _risk() -> None:
    """Keep the themes commands of a group."""
