"""The HTTP application of one party's node."""

from typing import Final

from fastapi import FastAPI

from api.errors import add_handlers
from api.routes import (
    api_keys,
    consortium,
    imports,
    inquiries,
    log,
    months,
    operation,
    portfolios,
    reports,
    stewards,
    subjects,
)
from node.service import NodeService

_ROUTES: Final = (
    log,
    consortium,
    stewards,
    imports,
    subjects,
    inquiries,
    portfolios,
    reports,
    months,
    api_keys,
    operation,
)


def create_app(service: NodeService) -> FastAPI:
    """Return the application that serves a node."""
    app = FastAPI(title="Hanse node", version="1", redirect_slashes=False)
    app.state.service = service
    add_handlers(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    return app
