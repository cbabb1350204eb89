"""Who may do what: every route × every role × one's own and a foreign project, and foreign things in one's own.

A new route fails here until it has a row. Write who may use it:

    anyone      signed in or not
    person      everybody who is signed in
    engineer    engineers and admins, whatever the project
    admin       admins
    member      members of the project, and admins
    builder     engineers who are members of the project, and admins

and its address with the ids of `tests.access_world.World`; a query that the route needs to find its object may
follow.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from app.config import Settings
from app.db import Database
from app.models import Role
from tests.access_world import ROLES, Row, Server, World

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
LEAST = {"person": Role.ANNOTATOR, "engineer": Role.ENGINEER, "admin": Role.ADMIN,
         "member": Role.ANNOTATOR, "builder": Role.ENGINEER}  # fmt: skip


ROWS = [Row(*line.split()) for line in TABLE.strip().splitlines()]


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
