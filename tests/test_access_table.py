"""Who may do what: every route × every role × one's own and a foreign project, and foreign things in one's own.

A new route fails here until it has a row. Write who may use it:

    anyone      signed in or not
    person      everybody who is signed in
    engineer    engineers and admins, whatever the project
    admin       admins
    member      members of the project, and admins
    builder     engineers who are members of the project, and admins

and its address with the ids of the `World` below; a query that the route needs to find its object may follow.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Mount

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

TABLE = """
anyone    GET   /healthz
anyone    GET   /readyz
anyone    GET   /sign-in
anyone    POST  /sign-in
anyone    POST  /sign-out
anyone    GET   /links/{token}
anyone    POST  /links/{token}
person    GET   /
person    GET   /account
person    POST  /account/password
person    POST  /account/language
person    POST  /account/sessions/{session_id}/end
person    POST  /account/sessions/end-others
admin     GET   /users
admin     POST  /users/{user_id}/role
admin     POST  /users/{user_id}/disable
admin     POST  /users/{user_id}/enable
admin     POST  /users/{user_id}/password-link
admin     POST  /users/invitations
admin     POST  /users/invitations/{link_id}/withdraw
engineer  GET   /projects/new
engineer  GET   /projects/new/classes
engineer  GET   /projects/pattern
engineer  POST  /projects
member    GET   /projects/{project_id}
member    GET   /projects/{project_id}/standing
builder   GET   /projects/{project_id}/settings
builder   POST  /projects/{project_id}/settings
builder   POST  /projects/{project_id}/classes
builder   POST  /projects/{project_id}/classes/add
builder   POST  /projects/{project_id}/send-back
builder   POST  /projects/{project_id}/members
builder   POST  /projects/{project_id}/members/{user_id}/remove
builder   POST  /projects/{project_id}/invitations
builder   POST  /projects/{project_id}/invitations/{link_id}/withdraw
member    GET   /projects/{project_id}/images
builder   POST  /projects/{project_id}/images
builder   POST  /projects/{project_id}/images/labels
builder   POST  /projects/{project_id}/images/labels/{upload}/undo
member    GET   /projects/{project_id}/images/imports/{import_id}
member    GET   /projects/{project_id}/images/map
member    GET   /projects/{project_id}/images/map/points
member    GET   /projects/{project_id}/images/sheet.png?ids={image_id}
member    GET   /projects/{project_id}/images/{image_id}.png
member    POST  /projects/{project_id}/images/{image_id}/doubt
member    GET   /projects/{project_id}/label
member    GET   /projects/{project_id}/review
builder   GET   /projects/{project_id}/adjudicate
member    GET   /projects/{project_id}/nearby?ids={image_id}
member    GET   /projects/{project_id}/progress
member    GET   /projects/{project_id}/effort
member    GET   /projects/{project_id}/effort.csv
member    GET   /projects/{project_id}/audit
member    GET   /projects/{project_id}/audit/check
member    POST  /projects/{project_id}/audit
member    POST  /projects/{project_id}/audit/more
member    POST  /projects/{project_id}/audit/end
member    GET   /projects/{project_id}/grid
member    GET   /projects/{project_id}/grid/last-page
member    POST  /projects/{project_id}/grid/claim
member    POST  /projects/{project_id}/grid/answers
member    POST  /projects/{project_id}/grid/undo
member    POST  /projects/{project_id}/queue/{pile}/claim
member    POST  /projects/{project_id}/annotations
member    POST  /projects/{project_id}/annotations/undo
member    GET   /projects/{project_id}/annotations/recent
member    GET   /projects/{project_id}/labelers
builder   POST  /projects/{project_id}/labelers
member    GET   /projects/{project_id}/labelers/images?round=1&first={class_id}&second={class_id}
member    GET   /projects/{project_id}/team
member    GET   /projects/{project_id}/results
builder   POST  /projects/{project_id}/results
builder   POST  /projects/{project_id}/results/search
member    GET   /projects/{project_id}/results/live
member    GET   /projects/{project_id}/results/images
member    GET   /projects/{project_id}/results/table.csv
member    GET   /projects/{project_id}/results/predictions.csv
member    GET   /projects/{project_id}/results/models/{classifier_id}.tally
member    GET   /projects/{project_id}/results/galleries
member    POST  /projects/{project_id}/results/images/{image_id}/label
member    GET   /projects/{project_id}/results/findings
member    GET   /projects/{project_id}/results/slices
builder   POST  /projects/{project_id}/results/issues
member    GET   /projects/{project_id}/results/compare
builder   GET   /projects/{project_id}/jobs
member    GET   /projects/{project_id}/jobs/strip
builder   GET   /projects/{project_id}/jobs/{job_id}
builder   GET   /projects/{project_id}/jobs/{job_id}/live
member    GET   /projects/{project_id}/jobs/{job_id}/curves.json
builder   POST  /projects/{project_id}/jobs/{job_id}/cancel
builder   POST  /projects/{project_id}/jobs/{job_id}/retry
builder   GET   /projects/{project_id}/jobs/{job_id}/log
builder   GET   /projects/{project_id}/export
builder   GET   /projects/{project_id}/export/labels.csv
builder   GET   /projects/{project_id}/export/folders.zip
builder   GET   /projects/{project_id}/export/report.html
builder   GET   /projects/{project_id}/export/models/{classifier_id}.zip
builder   GET   /projects/{project_id}/export/models/{classifier_id}.onnx
builder   GET   /projects/{project_id}/export/models/{classifier_id}.pt2
builder   GET   /projects/{project_id}/export/models/{classifier_id}/card
builder   GET   /projects/{project_id}/export/models/{classifier_id}/card.md
builder   POST  /projects/{project_id}/export/models/{classifier_id}/portable
builder   POST  /projects/{project_id}/export/choice
builder   POST  /projects/{project_id}/export/tokens
builder   POST  /projects/{project_id}/export/tokens/{token_id}/revoke
engineer  POST  /api/predict?project={project_id}
builder   GET   /projects/{project_id}/unclear.csv
"""
ROLES = ("anonymous", Role.ANNOTATOR, Role.ENGINEER, Role.ADMIN)
LEAST = {"person": Role.ANNOTATOR, "engineer": Role.ENGINEER, "admin": Role.ADMIN,
         "member": Role.ANNOTATOR, "builder": Role.ENGINEER}  # fmt: skip


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


ROWS = [Row(*line.split()) for line in TABLE.strip().splitlines()]


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


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("world")
    template = folder / "template.db"
    shutil.copy(sqlite_template, template)
    database = Database(f"sqlite:///{template}")
    world = World(database, Settings(data_dir=folder, _env_file=None))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("rollback")
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    database.close()
    server = Server(template, tmp_path_factory.mktemp("served"), world)
    yield server
    server.app.state.database.close()


def may(role: str, who: str) -> bool:
    return who == "anyone" or ROLES.index(role) >= ROLES.index(LEAST[who])


def refusal(role: str, row: Row) -> int | None:
    """What this role gets in a project of its own, or outside of projects; None: it may."""
    no_password = str(row) == "POST /sign-in"
    if no_password or (role == "anonymous" and row.who != "anyone"):
        return 401
    return None if may(role, row.who) else 403


def check(status: int, expected: int | None) -> None:
    if expected is None:
        assert status not in {401, 403, 404, 405}
        assert status < 500
    else:
        assert status == expected


PROJECT_ROWS = [row for row in ROWS if row.of_project]
every_role = pytest.mark.parametrize("role", ROLES)


@every_role
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_in_ones_own_project_each_role_may_what_the_table_says(server: Server, row: Row, role: str):
    things = server.world.own
    if role != "anonymous" and row.path == "/account/sessions/{session_id}/end":
        things = {**things, "session_id": ROLES.index(role)}
    check(server.ask(role, row, things), refusal(role, row))


@every_role
@pytest.mark.parametrize("row", PROJECT_ROWS, ids=str)
def test_a_foreign_project_is_as_absent_as_one_that_never_was(server: Server, row: Row, role: str):
    absent = {**server.world.foreign, "project_id": 987_654}
    if role == Role.ADMIN:
        check(server.ask(role, row, server.world.foreign), None)
        assert server.ask(role, row, absent) == 404
        return
    expected = 401 if role == "anonymous" else 404
    assert server.ask(role, row, server.world.foreign) == expected
    assert server.ask(role, row, absent) == expected


THINGS = (
    "upload",
    "token_id",
    "image_id",
    "import_id",
    "job_id",
    "classifier_id",
    "link_id",
    "user_id",
    "class_id",
)
SMUGGLED = [row for row in PROJECT_ROWS if any(f"{{{name}}}" in row.address for name in THINGS)]


@pytest.mark.parametrize("row", SMUGGLED, ids=str)
def test_a_foreign_thing_is_not_reached_through_ones_own_project(server: Server, row: Row):
    """Not even by an admin: the address would lie."""
    things = {**server.world.foreign, "project_id": server.world.own["project_id"]}
    for role in (Role.ENGINEER, Role.ADMIN):
        assert server.ask(role, row, things) == 404


def test_another_persons_session_cannot_be_ended(server: Server):
    row = next(row for row in ROWS if row.path == "/account/sessions/{session_id}/end")
    for role in (Role.ANNOTATOR, Role.ENGINEER, Role.ADMIN):
        assert server.ask(role, row, server.world.own) == 404


def test_every_route_has_its_row_and_every_row_its_route(server: Server):
    routes = sorted(f"{method} {path}" for method, path in all_routes(server.app))
    assert sorted(map(str, ROWS)) == routes


def all_routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        included = getattr(route, "effective_route_contexts", None)
        for each in included() if included else [route]:
            yield from ((method, each.path) for method in getattr(each, "methods", None) or ())


def test_what_is_mounted_is_only_the_static_files(server: Server):
    assert [route.path for route in server.app.routes if isinstance(route, Mount)] == ["/static"]
