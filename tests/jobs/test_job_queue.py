"""Submitting and dedup: what a press of a button promises, before any worker sees the job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text, update

from app.config import Settings
from app.db import Database
from app.errors import ConflictError, NotFoundError
from app.jobs.engine import are_prepared, workflows_of
from app.jobs.queue import (
    JobStatus,
    cancel,
    find_active,
    list_ahead,
    prepare_job_tables,
    progress,
    resume,
    status_of,
    submit,
)
from app.models import Job, Project


@pytest.fixture
def project(database: Database) -> int:
    with database.write() as session:
        rows = [Project(name="Eyes", recipe="squint"), Project(name="Noise", recipe="squint")]
        session.add_all(rows)
        session.flush()
        submit(session, "label", rows[1].id, {"noise": True}, None)
        return rows[0].id


def press(database: Database, project_id: int, kind: str = "label") -> str:
    with database.write() as session:
        return submit(session, kind, project_id, {"epochs": 2}, None).id


def status(database: Database, job_id: str) -> JobStatus | None:
    with database.read() as session:
        return status_of(session, [job_id]).get(job_id)


def test_a_submitted_job_waits(database: Database, project: int):
    job_id = press(database, project)
    assert status(database, job_id) == JobStatus.WAITING
    with database.read() as session:
        job = session.get(Job, job_id)
        assert (job.kind, job.project_id, job.spec, progress(job)) == ("label", project, {"epochs": 2}, None)
        assert find_active(session, "label", project).id == job_id


def test_a_job_waits_for_what_runs_and_for_what_was_queued_before_it_in_any_project(
    database: Database, project: int
):
    first, second, last = (press(database, project, kind) for kind in ("label", "bakeoff", "export"))
    workflows = workflows_of(database.engine)
    with database.write() as session:
        begun = update(workflows).where(workflows.c.workflow_uuid == second)
        session.execute(begun.values(status="PENDING"))
    with database.read() as session:
        (noise,) = session.scalars(select(Job.id).where(Job.project_id != project))
        assert [job.id for job in list_ahead(session, last)] == [second, noise, first]
        assert [job.id for job in list_ahead(session, first)] == [second, noise]
    cancel(database, first)
    with database.read() as session:
        assert [job.id for job in list_ahead(session, last)] == [second, noise]


def test_a_job_is_seen_in_the_transaction_that_submits_it(database: Database, project: int):
    with database.write() as session:
        job = submit(session, "label", project, {}, None)
        assert status_of(session, [job.id]) == {job.id: JobStatus.WAITING}


def test_a_request_that_fails_leaves_no_job(database: Database, project: int):
    def failing_request():
        with database.write() as session:
            ids.append(submit(session, "label", project, {}, None).id)
            raise ConflictError("The request failed after it had submitted.")

    ids: list[str] = []
    with pytest.raises(ConflictError):
        failing_request()
    assert status(database, ids[0]) is None
    with database.read() as session:
        assert session.get(Job, ids[0]) is None


def test_five_presses_at_once_make_one_job(database: Database, project: int):
    with ThreadPoolExecutor(5) as pool:
        ids = set(pool.map(lambda _: press(database, project), range(5)))
    assert len(ids) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job).where(Job.project_id == project)) == 1


def test_other_kinds_and_other_projects_have_their_own_jobs(database: Database, project: int):
    assert press(database, project) != press(database, project, "bakeoff")


def test_after_a_job_is_over_a_new_one_may_start(database: Database, project: int):
    first = press(database, project)
    cancel(database, first)
    assert status(database, first) == JobStatus.CANCELLED
    assert press(database, project) != first


def test_a_cancelled_job_can_be_retried(database: Database, project: int):
    job_id = press(database, project)
    cancel(database, job_id)
    resume(database, job_id)
    assert status(database, job_id) == JobStatus.WAITING
    assert press(database, project) == job_id


def test_a_waiting_job_is_not_retried(database: Database, project: int):
    job_id = press(database, project)
    with pytest.raises(ConflictError, match="this one is waiting"):
        resume(database, job_id)


def test_an_old_job_is_not_retried_beside_a_newer_one(database: Database, project: int):
    old = press(database, project)
    cancel(database, old)
    press(database, project)
    with pytest.raises(ConflictError, match="newer job"):
        resume(database, old)
    assert status(database, old) == JobStatus.CANCELLED


def test_unknown_jobs_have_no_status_and_cannot_be_cancelled(database: Database, project: int):
    assert status(database, "nowhere") is None
    with pytest.raises(NotFoundError):
        cancel(database, "nowhere")
    with pytest.raises(NotFoundError):
        resume(database, "nowhere")


def test_a_start_on_prepared_tables_sees_that_without_the_job_engine(database: Database):
    assert are_prepared(database.engine), "MIGRATIONS must be the number that this version of DBOS has"
    with database.write() as session:
        schema = "main" if database.is_sqlite else "dbos"
        session.execute(text(f"update {schema}.queues set worker_concurrency = 9"))  # noqa: S608
    assert not are_prepared(database.engine)
    prepare_job_tables(database)
    assert are_prepared(database.engine)


def test_preparing_the_tables_twice_keeps_the_jobs(database: Database, settings: Settings, project: int):
    job_id = press(database, project)
    prepare_job_tables(database)
    assert status(database, job_id) == JobStatus.WAITING
