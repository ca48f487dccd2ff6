"""The HTTP application of one party's node."""

from typing import Final

from fastapi import FastAPI

from api.described import describe
from api.errors import add_handlers
from api.limits import Buckets, Limits
from api.metrics import Metrics
from api.observing import Observing
from api.options import Options
from api.routes import (
    alerts,
    api_keys,
    assessments,
    audit,
    changes,
    consortium,
    disputes,
    experts,
    facts,
    imports,
    inquiries,
    limits,
    log,
    models,
    months,
    operation,
    people,
    plans,
    policy,
    portfolios,
    register,
    reports,
    responses,
    reviews,
    risk_reports,
    signals,
    stewards,
    subjects,
    warnings,
    watch,
    webhooks,
)
from node.service import NodeService

_ROUTES: Final = (
    log,
    consortium,
    changes,
    stewards,
    imports,
    subjects,
    inquiries,
    portfolios,
    facts,
    warnings,
    disputes,
    reports,
    months,
    api_keys,
    people,
    audit,
    signals,
    limits,
    models,
    risk_reports,
    policy,
    assessments,
    responses,
    watch,
    alerts,
    plans,
    webhooks,
    experts,
    register,
    reviews,
    operation,
)


def create_app(service: NodeService, options: Options | None = None) -> FastAPI:
    """Return the application that serves a node."""
    options = options or Options()
    # FastAPI's own pages load scripts from elsewhere: ours is in routes.operation.
    app = FastAPI(
        title="Hanse node",
        version="1",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    metrics = Metrics(service)
    app.state.service, app.state.options, app.state.metrics = service, options, metrics
    app.state.limits = Limits(
        keys=Buckets(options.per_key),
        parties=Buckets(options.per_party),
        addresses=Buckets(options.per_address),
    )
    app.add_middleware(Observing, count=metrics.count, entropy=service.own.entropy)
    add_handlers(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.include_router(risk_reports.described)
    if options.docs:
        app.include_router(operation.described)
    describe(app)
    return app
