"""What htmx says in its request headers, and what it understands in ours."""

from __future__ import annotations

from fastapi import Request, Response

STOP_POLLING = 286
"""Status that swaps the answer in and ends an element's polling."""


def is_htmx(request: Request) -> bool:
    return request.headers.get("HX-Request") == "true"


def go_to(request: Request, url: str) -> Response:
    """After a change: send the browser to `url`, whether htmx or a plain form asked."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": url})
    return Response(status_code=303, headers={"Location": url})
