"""Who acts behind a request: the person that its API key is bound to, in the role which that person has now.

For routes of risk management, beside the scope that they need: a scope opens the route, the role decides.
"""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from api.deps import Node
from hanse_ledger.errors import NotPermittedError
from node.own.api_keys import ApiKey
from node.risk.roles import Actor


def acting(request: Request, service: Node) -> Actor:
    """Return who acts; raises NotPermittedError for a key that is bound to nobody who may act."""
    # Dependencies of the route itself, which `needs` is, come before those of its parameters.
    key: ApiKey = request.state.key
    if key.person is None:
        raise NotPermittedError("the API key is bound to no person")
    return service.own.people.actor(key.person)


Acting: TypeAlias = Annotated[Actor, Depends(acting)]
"""A route's parameter: who acts. The route also has `dependencies=[needs(scope)]`."""
