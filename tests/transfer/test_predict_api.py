"""`POST /api/predict`: over HTTP, with a real child and a model small enough to be drawn here."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import onnx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from onnx import TensorProto, helper
from PIL import Image as Pictures

from app.config import Settings
from app.db import Database
from app.errors import BadInputError, BusyError
from app.models import Bakeoff, Classifier, Job, PortableModel
from app.transfer import answerer as answering
from app.transfer.answerer import Answerer
from app.transfer.api_routes import rates
from ml.portable import ONNX, PROGRAM
from tests.conftest import SignIn
from tests.transfer.conftest import Loop
from tests.web import browser, on_sqlite

pytestmark = on_sqlite


def write_onnx(path: Path) -> None:
    """A model whose score is the mean brightness."""
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "most"], ["score"]),
        helper.make_node("Sub", ["one", "score"], ["rest"]),
        helper.make_node("Unsqueeze", ["rest", "last"], ["first"]),
        helper.make_node("Unsqueeze", ["score", "last"], ["second"]),
        helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
    ]
    constants = {
        "axes": np.array([1, 2, 3]),
        "last": np.array([1]),
        "most": np.float32(255),
        "one": np.float32(1),
    }
    graph = helper.make_graph(
        nodes, "brightness",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    told = {"format": "squint-onnx-1", "title": "Brightness", "classes": '["closed", "open"]', "positive": "1",
            "sha256": "0" * 64}  # fmt: skip
    helper.set_model_props(model, told)
    onnx.save(model, path)


def make_portable(database: Database, settings: Settings, classifier_id: int) -> Path:
    """Name the model as the classifier's, as the job would; return its folder."""
    with database.write() as session:
        bakeoff = session.get_one(Bakeoff, session.get_one(Classifier, classifier_id).bakeoff_id)
        job = Job(id=str(uuid4()), kind="export", project_id=bakeoff.project_id)
        session.add(job)
        session.flush()
        folder = settings.runs_dir / job.id
        folder.mkdir(parents=True)
        write_onnx(folder / ONNX)
        (folder / PROGRAM).write_bytes(b"program")
        files = {
            name: {"name": file, "sha256": "", "bytes": (folder / file).stat().st_size, "difference": 1e-7}
            for name, file in (("onnx", ONNX), ("program", PROGRAM))
        }
        report = {**files, "checked": 4, "opset": 18, "latency_ms": 0.2, "images_per_s": 900.0,
                  "picture": [8, 8], "threads": 2, "versions": {}}  # fmt: skip
        session.add(PortableModel(classifier_id=classifier_id, job_id=job.id, report=report))
    return folder


@pytest.fixture
def program(
    app: FastAPI, engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
) -> Iterator[TestClient]:
    """A program with a token, asking a project whose model is chosen."""
    make_portable(database, settings, classifier_id)
    base = f"/projects/{loop.project_id}/export"
    assert engineer.post(f"{base}/choice", data={"classifier": classifier_id}).status_code == 303
    client = TestClient(app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {make_token(engineer, loop.project_id)}"
    rates._counts.clear()
    with client:  # one event loop for all its requests, as a server has
        yield client
    app.state.answerer.close()


def make_token(engineer: TestClient, project_id: int, name: str = "the door camera") -> str:
    page = engineer.post(f"/projects/{project_id}/export/tokens", data={"name": name}).text
    return page.split('readonly value="')[1].split('"')[0]


def png(brightness: int, side: int = 8) -> bytes:
    stream = io.BytesIO()
    Pictures.new("L", (side, side), brightness).save(stream, "PNG")
    return stream.getvalue()


def ask(program: TestClient, *pictures: bytes, query: str = "") -> Any:
    files = [("images", (f"{place}.png", data)) for place, data in enumerate(pictures)]
    return program.post(f"/api/predict{query}", files=files)


def test_a_program_gets_scores_and_what_the_threshold_decides(program: TestClient):
    said = ask(program, png(204), png(128, side=20), png(51)).json()
    assert (said["project"], said["model"], said["positive"], said["threshold"]) == (
        "eyes",
        "resnet18",
        "open",
        0.6,
    )
    assert len(said["sha256"]) == 64
    assert [(row["filename"], row["label"], round(row["score"], 2)) for row in said["predictions"]] == [
        ("0.png", "open", 0.8), ("1.png", "closed", 0.5), ("2.png", "closed", 0.2),
    ]  # fmt: skip
    assert said["predictions"][0]["scores"] == pytest.approx({"closed": 0.2, "open": 0.8}, abs=1e-5)


def test_one_picture_may_be_the_body_itself(program: TestClient):
    said = program.post("/api/predict", content=png(255), headers={"Content-Type": "image/png"}).json()
    assert [row["label"] for row in said["predictions"]] == ["open"]


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_scored(program: TestClient):
    rows = ask(program, b"no picture", png(255), png(255)[:40]).json()["predictions"]
    assert ["error" in row for row in rows] == [True, False, True]
    alone = ask(program, b"no picture")
    assert (alone.status_code, alone.json()["error"]) == (422, rows[0]["error"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"", "image/png", 422), (b"{}", "application/json", 415), (b"x" * 20_000_001, "image/png", 413),
     (b"--no form", "multipart/form-data", 400)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(program: TestClient, body: bytes, kind: str, status: int):
    assert program.post("/api/predict", content=body, headers={"Content-Type": kind}).status_code == status


def test_without_a_token_or_with_a_revoked_one_nothing_is_said(
    app: FastAPI, program: TestClient, engineer: TestClient, loop: Loop
):
    for header in ("", "Bearer squint_guess", "Basic abc"):
        client = browser(app)
        client.headers["Authorization"] = header
        refused = ask(client, png(255))
        assert refused.status_code == 401
        assert "predictions" not in refused.text
    page = engineer.get(f"/projects/{loop.project_id}/export").text
    assert "last used" not in page
    ask(program, png(255))
    page = engineer.get(f"/projects/{loop.project_id}/export").text
    assert "last used just now" in page
    assert program.headers["Authorization"].removeprefix("Bearer ") not in page
    number = page.split("/export/tokens/")[1].split("/")[0]
    engineer.post(f"/projects/{loop.project_id}/export/tokens/{number}/revoke")
    assert ask(program, png(255)).status_code == 401


def test_a_token_asks_its_own_project_only_and_opens_no_page(program: TestClient, loop: Loop):
    assert ask(program, png(255), query="?project=987654").json()["project"] == "eyes"
    for path in ("/", f"/projects/{loop.project_id}", f"/projects/{loop.project_id}/export/labels.csv"):
        assert program.get(path).status_code == 401


def test_a_signed_in_engineer_names_the_project_and_sees_no_foreign_one(
    program: TestClient, engineer: TestClient, sign_in: SignIn, loop: Loop
):
    assert (
        ask(engineer, png(255), query=f"?project={loop.project_id}").json()["predictions"][0]["label"] == "open"
    )
    assert ask(engineer, png(255)).status_code == 422
    stranger, annotator = sign_in("engineer"), sign_in("annotator")
    assert ask(stranger, png(255), query=f"?project={loop.project_id}").status_code == 404
    assert ask(annotator, png(255), query=f"?project={loop.project_id}").status_code == 403
    engineer.headers["Sec-Fetch-Site"] = "cross-site"
    assert ask(engineer, png(255), query=f"?project={loop.project_id}").status_code == 403


def test_a_model_is_asked_by_its_name_and_one_that_is_not_ready_says_so(
    program: TestClient, database: Database, settings: Settings, classifier_id: int
):
    assert ask(program, png(255), query="?model=resnet18").status_code == 200
    assert ask(program, png(255), query="?model=nothing").status_code == 404
    with database.read() as session:
        job_id = session.get_one(PortableModel, classifier_id).job_id
    onnx_file = settings.runs_dir / job_id / ONNX
    onnx_file.write_bytes(b"x" * onnx_file.stat().st_size)
    damaged = ask(program, png(255))
    assert (damaged.status_code, "damaged or gone" in damaged.text) == (409, True)
    onnx_file.unlink()
    gone = ask(program, png(255))
    assert (gone.status_code, "is not there yet" in gone.text) == (409, True)


def test_a_child_that_was_killed_is_started_again_unnoticed(app: FastAPI, program: TestClient):
    ask(program, png(255))
    os.kill(app.state.answerer._child._process.pid, signal.SIGKILL)
    assert ask(program, png(255)).status_code == 200


def test_too_many_questions_are_put_off(program: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rates, "_most", 2)
    answers = [ask(program, png(255)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    monkeypatch.setattr(rates, "_most", 600)
    monkeypatch.setattr(answering, "MOST_WAITING", 0)
    busy = ask(program, png(255))
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")


class Child:
    """Says what a test wants, in place of a process."""

    closed = 0

    def __init__(self, _module: str) -> None:
        self.up = True

    def send(self, _data: bytes) -> None: ...

    def send_json(self, _message: object) -> None: ...

    def receive_json(self, _timeout_s: float) -> Any:
        if self.up:
            self.up = False
            return "up"
        return self.answer()

    def answer(self) -> Any:
        return {"answers": []}

    def close(self) -> None:
        Child.closed += 1


@pytest.mark.parametrize(
    ("raised", "told"), [(TimeoutError(), BusyError), (answering.ChildDiedError(), BadInputError)]
)
def test_a_child_that_hangs_or_always_dies_is_ended_and_said(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, told: type[Exception], settings: Settings
):
    def fail(_child: Child) -> Any:
        raise raised

    monkeypatch.setattr(answering, "Child", Child)
    monkeypatch.setattr(Child, "answer", fail)
    answerer = Answerer()
    with pytest.raises(told):
        asyncio.run(answerer.ask(Path("model"), [b""]))
    assert not answerer.is_running


def test_the_child_ends_when_nobody_asks(monkeypatch: pytest.MonkeyPatch, settings: Settings):
    async def idle() -> tuple[bool, bool]:
        answerer = Answerer(idle_s=0.001)
        await answerer.ask(Path("model"), [b""])
        ran = answerer.is_running
        await asyncio.sleep(0.05)
        return ran, answerer.is_running

    monkeypatch.setattr(answering, "Child", Child)
    assert asyncio.run(idle()) == (True, False)
