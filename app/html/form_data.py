"""The fields of a submitted form, before anybody believes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from app.errors import BadInputError
from app.languages import gettext as _

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_FORM_BYTES = 128 * 1024
"""For `APIRouter(max_body_size=…)` of slices whose forms hold no files."""


async def form_fields(request: Request) -> dict[str, str]:
    """Return name → text; 415 for a body that is no form, 422 for a file or a field that came twice."""
    kind = request.headers.get("Content-Type", FORM_TYPES[0])
    if not kind.lower().startswith(FORM_TYPES):
        raise HTTPException(415, "Please send this as a form.")
    fields: dict[str, str] = {}
    for name, value in (await request.form(max_files=0, max_fields=200)).multi_items():
        if not isinstance(value, str):
            raise BadInputError(_("The field %(name)s takes text, not a file.") % {"name": name})
        if name in fields:
            raise BadInputError(_("The field %(name)s came twice.") % {"name": name})
        fields[name] = value
    return fields


FormFieldsDep = Annotated[dict[str, str], Depends(form_fields)]
"""The first parameter where strangers may ask: FastAPI goes by their order, and a form may come in slowly."""
