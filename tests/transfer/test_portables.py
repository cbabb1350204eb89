"""The making of ONNX and torch.export, from the button to the download; the exporters are tested with ml."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.jobs.queue import run_folder
from app.models import Job, PortableModel
from app.transfer.tasks import EXPORT, publish
from ml.portable import ONNX, PORTABLE, PROGRAM, Portable, PortableFile, PortablePlan, saying_threshold
from ml.rundir import MANIFEST
from tests.transfer.conftest import Loop, add_bakeoff
from tests.web import parsed


def files_made(folder: Path) -> Portable:
    """What the child leaves in its run folder."""
    (folder / ONNX).write_bytes(b"onnx!")
    with zipfile.ZipFile(folder / PROGRAM, "w") as archive:
        archive.writestr("model/data", "program!")
    made = Portable(
        PortableFile(ONNX, "", 5, 1e-7),
        PortableFile(PROGRAM, "", (folder / PROGRAM).stat().st_size, 0.0),
        6,
        18,
        0.25,
        900.0,
        [8, 8],
        2,
        {},
    )
    (folder / PORTABLE).write_text(made.to_json())
    return made


def test_pressed_twice_it_is_one_job_and_another_model_waits_its_turn(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    first, second = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "vgg11")
    base = f"/projects/{loop.project_id}/export/models"
    assert [engineer.post(f"{base}/{first}/portable").status_code for _ in range(2)] == [303, 303]
    refused = engineer.post(f"{base}/{second}/portable")
    assert (refused.status_code, "Another classifier’s files" in refused.text) == (409, True)
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "export")).all()
    assert [job.spec for job in jobs] == [{"classifier": first}]
    page = parsed(engineer.get(f"/projects/{loop.project_id}/export"))
    assert "being made" in page.select("table.models tbody tr")[0].get_text()


def test_what_the_job_made_is_named_and_handed_out(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    base = f"/projects/{loop.project_id}/export/models/{classifier_id}"
    assert engineer.get(f"{base}.onnx").status_code == 404
    engineer.post(f"{base}/portable")
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "export")).one()
    folder = run_folder(settings, job.id)
    folder.mkdir(parents=True)
    EXPORT.prepare(database, settings, job, folder)
    plan = PortablePlan.from_json((folder / MANIFEST).read_text())
    assert (Path(plan.model) / "config.json").exists()
    assert (Path(plan.pack) / "pixels.npy").exists()
    assert plan.rows == [0, 1, 2, 3, 4, 5]

    files_made(folder)
    with database.write() as session:
        for _ in range(2):  # done twice it is done once
            publish(session, settings, session.get_one(Job, job.id), folder)
    sent = engineer.get(f"{base}.onnx")
    assert (sent.content, 'filename="resnet18.onnx"' in sent.headers["content-disposition"]) == (b"onnx!", True)
    assert engineer.get(f"{base}.pt2").content == (folder / PROGRAM).read_bytes()
    row = parsed(engineer.get(f"/projects/{loop.project_id}/export")).select("table.models tbody tr")[0]
    assert "0.25 ms a picture" in row.get_text()
    assert "0.25 ms for one picture" in engineer.get(f"{base}/card.md").text

    (folder / ONNX).write_bytes(b"cut")
    assert engineer.get(f"{base}.onnx").status_code == 404


def test_what_is_in_use_leaves_with_its_threshold_whichever_way(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    base = f"/projects/{loop.project_id}/export"
    engineer.post(f"{base}/models/{classifier_id}/portable")
    with database.write() as session:
        job = session.scalars(select(Job).where(Job.kind == "export")).one()
        folder = run_folder(settings, job.id)
        folder.mkdir(parents=True)
        files_made(folder)
        publish(session, settings, job, folder)
    before = engineer.get(f"{base}/models/{classifier_id}.zip").content
    for threshold in (0.7, 0.125):  # the newest choice counts, and nothing is made anew
        engineer.post(f"{base}/choice", data={"classifier": classifier_id, "threshold": str(threshold)})
        assert engineer.get(f"{base}/models/{classifier_id}.onnx").content == b"onnx!" + saying_threshold(
            threshold
        )
        zips = [before, engineer.get(f"{base}/models/{classifier_id}.zip").content]
        configs = [json.loads(zipfile.ZipFile(io.BytesIO(z)).read("resnet18/config.json")) for z in zips]
        assert configs[1] == {**configs[0], "threshold": threshold}
        program = zipfile.ZipFile(io.BytesIO(engineer.get(f"{base}/models/{classifier_id}.pt2").content))
        assert program.read("model/extra/threshold").decode() == str(threshold)
        assert program.read("model/data") == b"program!"


def test_the_first_choice_makes_the_file_that_answers(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    address = f"/projects/{loop.project_id}/export/choice"
    assert engineer.post(address, data={"classifier": classifier_id, "threshold": "0.7"}).status_code == 303
    page = parsed(engineer.get(f"/projects/{loop.project_id}/export"))
    assert "in use, from .70 on" in page.get_text()
    with database.read() as session:
        assert session.scalars(select(Job.spec).where(Job.kind == "export")).all() == [
            {"classifier": classifier_id}
        ]
        assert session.scalar(select(PortableModel)) is None
    for wrong in ({"classifier": 987654}, {"classifier": classifier_id, "threshold": "2"}, {}):
        assert engineer.post(address, data=wrong).status_code in {404, 422}


def test_a_model_trained_by_an_older_program_is_still_described(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    """Its config says less."""
    config = next(settings.runs_dir.rglob("config.json"))
    told = json.loads(config.read_text())
    del told["trained"]
    config.write_text(json.dumps(told))
    card = engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card.md")
    assert card.status_code == 200
