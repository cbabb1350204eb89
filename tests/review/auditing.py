"""An audit as its auditor goes about it."""

from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup
from sqlalchemy import select

from app.models import AuditItem
from app.review import audit_queries
from tests.review.conftest import Room, Tab


def page(tab: Tab, query: str = "") -> str:
    answer = tab.client.get(f"/projects/{tab.project}/audit{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return " ".join(BeautifulSoup(answer.text, "html.parser").select_one("main").get_text(" ").split())


def send(tab: Tab, path: str = "", **fields: Any) -> Any:
    return tab.client.post(f"/projects/{tab.project}/audit{path}", data=fields)


def sample(room: Room) -> list[int]:
    with room.database.read() as session:
        newest = audit_queries.find_newest(session, room.project)
        rows = select(AuditItem.image_id).where(AuditItem.audit_id == newest.id).order_by(AuditItem.position)
        return list(session.scalars(rows))


def check(room: Room, tab: Tab, count: int, wrong: int = 0) -> None:
    """Answer the next `count` of the sample; the first `wrong` of them not as the labelers did."""
    for number, image in enumerate(tab.ids(count, pile="audit")):
        response = tab.answer(image, room.classes[0 if number < wrong else 1], source="audit")
        assert response.status_code == 200, response.text
