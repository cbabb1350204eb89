"""The web app: `create_app` puts the slices together, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app import error_pages
from app.config import Settings
from app.db import Database
from app.health import router as health
from app.html.static import STATIC, VersionedStaticFiles
from app.images.limits import UPLOAD
from app.images.routes import router as images
from app.labelers.effort_routes import router as effort
from app.labelers.routes import router as labelers
from app.languages import LanguageMiddleware
from app.projects.routes import router as projects
from app.results.routes import router as results
from app.results.search_routes import router as search
from app.review.audit_routes import router as audit
from app.review.grid_routes import router as grid
from app.review.nearby_routes import router as nearby
from app.review.routes import router as review
from app.runs.routes import router as runs
from app.security import SecurityMiddleware
from app.team.routes import router as team
from app.transfer.answerer import Answerer
from app.transfer.routes import router as transfer
from app.users.routes import router as users

# In the order of how often they are asked: an address is compared with one route after another.
ROUTERS: tuple[APIRouter, ...] = (
    review,
    health,
    users,
    projects,
    images,
    audit,
    grid,
    nearby,
    labelers,
    effort,
    runs,
    results,
    search,
    team,
    transfer,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the app over the database that `settings` names; the schema must be up to date."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.answerer.close()
        database.close()

    app = FastAPI(title="Squint", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    database = Database(settings.db_url)
    app.state.settings = settings
    app.state.database = database
    app.state.limits = UPLOAD
    app.state.answerer = Answerer()
    app.mount("/static", VersionedStaticFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        # As they are: `include_router` asks each route anew what it depends on, while the first person waits.
        app.router.routes.extend(router.routes)
    error_pages.install(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(settings))
    app.add_middleware(LanguageMiddleware)
    app.add_middleware(SecurityMiddleware)
    return app


def _hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.public_url).hostname
    return [*settings.allowed_hosts, *([public] if public else [])]
