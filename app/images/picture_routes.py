"""The pictures themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.db import ReadSessionDep
from app.errors import BadInputError
from app.images import queries, rendering, sheets
from app.images.large_pictures import LARGE, LargePictures
from app.languages import gettext as _
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


@router.get("/projects/{project_id}/images/sheet.png")
def picture_sheet(
    project: MemberProjectDep, ids: str, session: ReadSessionDep, settings: SettingsDep, v: str = ""
) -> Response:
    """Many tiny pictures in one, in the order of `ids`; a header names the cells whose file is missing.

    `v`: what `sheet_version` says of the pictures' contents; with it the browser may keep the sheet for ever.
    """
    images = queries.list_for_sheet(session, project.id, _numbers(ids))
    rows = queries.read_rows(session, [image.sha256 for image in images])
    session.close()  # nobody's transaction stays open while pictures are decoded
    store = BlobStore(settings.blobs_dir)
    side = max(max(image.width, image.height) for image in images)
    png, empty = sheets.draw_sheet([_bytes_or_none(store, image.sha256, rows) for image in images], side)
    kept = v == queries.sheet_version([image.sha256 for image in images]) and not empty
    return Response(
        png,
        media_type="image/png",
        headers={
            "Cache-Control": FOR_EVER if kept else "private, no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Squint-Side": str(side),
            "X-Squint-Empty": ",".join(map(str, empty)),
        },
    )


def _numbers(ids: str) -> list[int]:
    numbers = ids.split(",")
    if len(numbers) > sheets.MOST_IN_SHEET:
        raise BadInputError(f"ids: a sheet holds at most {sheets.MOST_IN_SHEET} pictures.")
    if not all(number.isdecimal() and len(number) < 19 for number in numbers):
        raise BadInputError(_("ids: numbers of images, with commas between them."))
    return [int(number) for number in numbers]


def _bytes_or_none(store: BlobStore, sha256: str, rows: Mapping[str, bytes | None]) -> bytes | None:
    try:
        return queries.bytes_of(store, sha256, rows)
    except MissingBlobError:
        return None


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
