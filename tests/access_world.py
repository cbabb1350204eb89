"""The world on which the access table is tried: two projects with one of everything, and a server over them."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database, sqlite_module
from app.jobs.queue import log_path, submit
from app.main import create_app
from app.models import (
    Annotation,
    ApiToken,
    AuditPlan,
    Bakeoff,
    Classifier,
    Image,
    ImportBatch,
    Job,
    PortableModel,
    Role,
    SignInLink,
    User,
    UserSession,
)
from app.review import audit
from app.security import COOKIE, open_session
from app.users.service import invite
from ml.portable import ONNX, PROGRAM
from tests import factories

ROLES = ("anonymous", Role.ANNOTATOR, Role.ENGINEER, Role.ADMIN)


@dataclass(frozen=True)
class Row:
    who: str
    method: str
    address: str

    @property
    def path(self) -> str:
        return self.address.split("?", maxsplit=1)[0]

    @property
    def of_project(self) -> bool:
        return "{project_id}" in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


REPORT = {
    "classes": ["closed", "open"],
    "counts": [[2, 0], [2, 0]],
    "cross_table": [[2, 0], [0, 0]],
    "agreed": 2,
    "disagreed": 0,
    "accepted_by_class": [2, 0],
    "splits": {"train": 8, "val": 2, "test": 2},
    "test_sources": {"human": 2},
    "test_groups": 2,
    "seconds": 1.0,
    "environment": {"torch": "2", "device": "cpu", "code": "1"},
    "notes": [],
    "manifest_sha256": "0" * 64,
    "image_set": "0" * 64,
    "seed": 0,
}
"""What the pages of a round and of a bake-off show."""


class World:
    """Two projects with one of everything each; our people belong to `own`, and none of them to `foreign`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        with database.write() as session:
            people = {role: factories.add_user(session, role) for role in ROLES if role != "anonymous"}
            self.tokens = {role: open_session(session, user, days=1) for role, user in people.items()}
            stranger = factories.add_user(session, Role.ADMIN)
            self.own = self._fill(session, settings, people[Role.ADMIN], list(people.values()))
            self.foreign = self._fill(session, settings, stranger, [stranger])

    def _fill(self, session: Session, settings: Settings, owner: User, members: list[User]) -> dict[str, Any]:
        member = factories.add_user(session)
        project = factories.add_project(session, members=[user.id for user in [*members, member]])
        images = factories.add_images(session, project, 2)
        closed, open_ = project.classes
        says = {image.id: [(closed, 0.9), (closed, 0.8)] for image in images}
        factories.add_round(session, project, says).report = REPORT
        audit.draw(session, project=project, user=owner, size=1, plan=AuditPlan.OPEN)
        batch = ImportBatch(project_id=project.id, name="eyes.zip")
        session.add(batch)
        open_session(session, member, days=1)
        path = invite(session, owner, Role.ANNOTATOR, project.id)
        session.flush()
        return {
            "project_id": project.id,
            "image_id": images[0].id,
            "class_id": closed.id,
            "import_id": batch.id,
            "job_id": _job(session, settings, project.id),
            "classifier_id": _classifier(session, settings, project.id, [closed.id, open_.id], images),
            "token_id": _token(session, settings, project.id),
            "link_id": session.scalars(select(SignInLink.id).order_by(SignInLink.id.desc())).first(),
            "token": path.removeprefix("/links/"),
            "user_id": member.id,
            "session_id": session.scalars(select(UserSession.id).order_by(UserSession.id.desc())).first(),
            "pile": "seed",
            "upload": _upload(session, images[1], member, closed.id),
        }


def _upload(session: Session, image: Image, author: User, class_id: int) -> str:
    """The name of a file of one label."""
    upload = f"{image.project_id:012x}"
    session.add(
        Annotation(
            project_id=image.project_id, image_id=image.id, author_id=author.id, kind="label", class_id=class_id,
            source="import", seconds=0.0, idempotency_key=f"{upload}-{image.id}",
        )
    )  # fmt: skip
    session.flush()
    return upload


def _token(session: Session, settings: Settings, project_id: int) -> int:
    """A program's token, beside the files that it would be answered from."""
    job = Job(id=f"export-{project_id}", kind="export", project_id=project_id)
    token = ApiToken(project_id=project_id, token_hash=f"{project_id}", name="camera")
    session.add_all([job, token])
    session.flush()
    folder = settings.runs_dir / job.id
    folder.mkdir(parents=True)
    files = {}
    for name, file in (("onnx", ONNX), ("program", PROGRAM)):
        (folder / file).write_bytes(b"a file")
        files[name] = {"name": file, "sha256": "", "bytes": 6, "difference": 0.0}
    report = {**files, "checked": 1, "opset": 18, "latency_ms": 1.0, "images_per_s": 1.0, "picture": [8, 8],
              "threads": 1, "versions": {}}  # fmt: skip
    classifier_id = session.scalars(select(Classifier.id).order_by(Classifier.id.desc())).first()
    session.add(PortableModel(classifier_id=classifier_id, job_id=job.id, report=report))
    return token.id


def _job(session: Session, settings: Settings, project_id: int) -> str:
    job = submit(session, "label", project_id, {}, None)
    log = log_path(settings, job.id)
    log.parent.mkdir(parents=True)
    log.write_text("a line\n")
    return job.id


def _classifier(
    session: Session, settings: Settings, project_id: int, class_ids: list[int], images: list[Image]
) -> int:
    job = Job(id=f"bakeoff-{project_id}", kind="bakeoff", project_id=project_id)
    session.add(job)
    session.flush()
    ids = np.array([image.id for image in images], "<i8")
    bakeoff = Bakeoff(
        project_id=project_id, job_id=job.id, number=1, class_ids=class_ids, positive=1,
        report=REPORT, test_image_ids=ids.tobytes(),
        test_labels=np.array([0, 1], "<i2").tobytes(),
    )  # fmt: skip
    session.add(bakeoff)
    session.flush()
    folder = settings.runs_dir / job.id
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    config = {
        "name": "resnet18",
        "sha256": "0" * 64,
        "title": "ResNet18",
        "classes": ["closed", "open"],
        "positive": 1,
        "input_size": 24,
    }
    (folder / "config.json").write_text(json.dumps(config))
    classifier = Classifier(
        bakeoff_id=bakeoff.id, position=0, name="resnet18", title="ResNet18", weights="scratch", parameters=1,
        seconds=1.0, best_epoch=1, folder=job.id, sha256="0" * 64,
        scores=np.array([[0.9, 0.1], [0.2, 0.8]], "<f4").tobytes(),
    )  # fmt: skip
    session.add(classifier)
    session.flush()
    return classifier.id


class Server:
    """The app over a copy of the world, put back as it was after whatever changed it."""

    def __init__(self, template: Path, folder: Path, world: World) -> None:
        self.template, self.path, self.world = template, folder / "squint.db", world
        self.app = create_app(Settings(data_dir=template.parent, allowed_hosts=["testserver"], _env_file=None))
        self.app.state.database = Database(f"sqlite:///{self.path}")
        self.restore()

    def restore(self) -> None:
        self.app.state.database.close()
        for file in self.path.parent.glob("squint.db*"):
            file.unlink()
        shutil.copy(self.template, self.path)

    def ask(self, role: str, row: Row, things: dict[str, Any]) -> int:
        """Return the status; one's being sent to sign in counts as 401. Refusals and GET must change nothing."""
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        client.headers.update({"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
        if role != "anonymous":
            client.cookies.set(COOKIE, self.world.tokens[role])
        with closing(sqlite_module().connect(self.path)) as watcher:
            before = watcher.execute("pragma data_version").fetchone()
            answer = client.request(row.method, row.address.format(**things))
            changed = watcher.execute("pragma data_version").fetchone() != before
        if changed:
            self.restore()
        sent_to_sign_in = answer.headers.get("Location", "").startswith("/sign-in?")
        status = 401 if sent_to_sign_in else answer.status_code
        silent = row.method == "GET" or status in {401, 403, 404}
        assert not (changed and silent and row.path not in {"/readyz", "/sign-in"})
        return status
