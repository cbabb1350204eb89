"""What the calls of the annotator's pages have in common."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.models import LabelClass, User
from app.projects.queries import LARGEST_ID
from app.review.leases import Holder

Id = Annotated[int, Field(gt=0, le=LARGEST_ID)]
Tab = Annotated[str, Field(min_length=8, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def holder(request: Request, user: User, tab: str) -> Holder:
    return Holder(user.id, tab, request.app.state.settings.lease_s)


def class_json(label_class: LabelClass) -> dict[str, Any]:
    return {
        "id": label_class.id, "name": label_class.name, "key": label_class.key, "color": label_class.color
    }  # fmt: skip
