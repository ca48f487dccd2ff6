"""The one table of who may do what: every action by every role, and nothing that is not in it."""

from typing import Any, cast

import pytest

from hanse_ledger.errors import NotPermittedError
from node.risk.roles import ACTIONS, ALLOWED, PERSONS, ROLES, SYSTEM, Action, Actor, Role, require


def test_every_action_stands_in_the_table_and_nothing_else() -> None:
    assert set(ALLOWED) == set(ACTIONS)
    assert all(roles and roles <= set(ROLES) for roles in ALLOWED.values())
    assert set(ROLES) == {*PERSONS, "system"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_role_does_what_the_table_says_and_nothing_more(action: Action, role: Role) -> None:
    actor = Actor(name="somebody", role=role)
    if role in ALLOWED[action]:
        require(actor, action)
    else:
        with pytest.raises(NotPermittedError):
            require(actor, action)


def test_what_the_table_does_not_know_is_denied_to_everybody() -> None:
    unknown: Any = "everything.do"
    for role in ROLES:
        with pytest.raises(NotPermittedError):
            require(Actor(name="somebody", role=role), unknown)
    with pytest.raises(NotPermittedError):
        require(Actor(name="somebody", role=cast("Role", "root")), "people.view")


def test_who_reads_the_chain_changes_nothing_and_the_node_approves_nothing() -> None:
    changing = {action for action in ACTIONS if not action.endswith((".view", ".read"))}
    assert not [action for action in changing if "auditor" in ALLOWED[action]]
    for action in ("expert.confirm", "register.accept", "people.manage"):
        with pytest.raises(NotPermittedError):
            require(SYSTEM, action)
    assert ALLOWED["people.manage"] == {"admin"}
