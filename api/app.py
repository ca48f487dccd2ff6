"""The HTTP application of one party's node."""

from fastapi import FastAPI

from api.errors import add_handlers
from api.routes import consortium, log, operation, own, stewards
from node.service import NodeService


def create_app(service: NodeService) -> FastAPI:
    """Return the application that serves a node."""
    app = FastAPI(title="Hanse node", version="1", redirect_slashes=False)
    app.state.service = service
    add_handlers(app)
    for routes in (log, consortium, stewards, own, operation):
        app.include_router(routes.router)
    return app
