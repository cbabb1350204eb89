"""What is left of a job that was deleted."""

from __future__ import annotations

from app.config import Settings
from app.db import Database
from app.jobs.queue import run_folder, status_of, submit
from app.jobs.retention import sweep
from app.models import Job, Project


def queue(database: Database, settings: Settings, name: str) -> str:
    with database.write() as session:
        project = Project(name=name)
        session.add(project)
        session.flush()
        job_id = submit(session, "label", project.id, {}, None).id
    run = run_folder(settings, job_id)
    (run / "models" / "resnet50").mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "log.txt").write_text("hello")
    return job_id


def test_a_deleted_job_leaves_nothing_but_its_models(database: Database, settings: Settings):
    deleted, kept = queue(database, settings, "deleted"), queue(database, settings, "kept")
    with database.write() as session:
        session.delete(session.get_one(Job, deleted))
    assert sweep(database, settings) == [deleted]
    with database.read() as session:
        assert set(status_of(session, [deleted, kept])) == {kept}
    assert [path.name for path in run_folder(settings, deleted).iterdir()] == ["models"]
    assert len(list(run_folder(settings, kept).iterdir())) == 3


def test_a_second_sweep_finds_nothing(database: Database, settings: Settings):
    queue(database, settings, "kept")
    assert sweep(database, settings) == []
