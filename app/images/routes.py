"""All addresses of this slice."""

from __future__ import annotations

from fastapi import APIRouter

from app.images import map_routes, page_routes, picture_routes, upload_routes

router = APIRouter()
router.include_router(map_routes.router)
router.include_router(page_routes.router)
router.include_router(picture_routes.router)
router.include_router(upload_routes.router)
