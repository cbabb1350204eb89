"""The pictures themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.db import ReadSessionDep
from app.images import queries, rendering
from app.images.large_pictures import LARGE, LargePictures
from app.projects.access import MemberProjectDep
from app.security import SettingsDep
from app.storage import BlobStore, MissingBlobError
from ml.pixels import UnreadableImageError

router = APIRouter()
LARGE_PICTURES = LargePictures()
"""Its child starts with the first large picture and ends with this process."""

FOR_EVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
MISSING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
    '<rect width="96" height="96" fill="#3a3f46"/><text x="48" y="44" fill="#e6e8ea" font-size="13" '
    'text-anchor="middle" font-family="sans-serif">file</text><text x="48" y="62" fill="#e6e8ea" '
    'font-size="13" text-anchor="middle" font-family="sans-serif">missing</text></svg>'
)


@router.get("/projects/{project_id}/images/{image_id}.png")
def picture(
    request: Request,
    project: MemberProjectDep,
    image_id: int,
    session: ReadSessionDep,
    settings: SettingsDep,
    v: str = "",
    size: Annotated[int | None, Query(ge=rendering.SIZES.start, lt=rendering.SIZES.stop)] = None,
) -> Response:
    """Kept for ever by the browser when the address holds the content's hash, else asked for again."""
    image = queries.get_stored_image(session, project.id, image_id)
    etag = f'"{image.sha256[:32]}-{size or 0}"'
    headers = {
        "ETag": etag,
        "Cache-Control": FOR_EVER if v and image.sha256.startswith(v) and len(v) >= 12 else ASK_AGAIN,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers=headers)
    try:
        data = queries.read_bytes(session, BlobStore(settings.blobs_dir), image.sha256)
        if image.width * image.height > LARGE:
            session.close()  # rendering may take its turn after others
            png = LARGE_PICTURES.png(settings.pictures_dir, image.sha256, data, size)
        else:
            png = rendering.to_png(data, size)
    except (MissingBlobError, UnreadableImageError) as error:
        return Response(
            MISSING,
            status_code=404,
            media_type="image/svg+xml",
            headers={"X-Squint-Problem": str(error), "Cache-Control": "private, no-store"},
        )
    return Response(png, media_type="image/png", headers=headers)
