"""`squint audit`: a sample out, a person's answers in, a bound."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from app.db import Database
from app.models import Image, Project
from tests.cli.conftest import Squint, refused
from tests.factories import add_round


@pytest.fixture
def accepted(squint: Squint, data_dir: Path, eyes_project: str) -> str:
    """Sixty of the 120 eyes are accepted as open."""
    database = Database(f"sqlite:///{data_dir}/squint.db")
    with database.write() as session:
        project = session.scalars(select(Project)).one()
        closed, open_ = project.classes
        ids = session.scalars(select(Image.id).order_by(Image.id)).all()
        sure, unsure = [(open_, 0.9), (open_, 0.9)], [(open_, 0.6), (closed, 0.6)]
        add_round(session, project, {i: sure if n < 60 else unsure for n, i in enumerate(ids)})
    database.close()
    return eyes_project


def answer(sample: Path, wrong: int, out: Path) -> Path:
    rows = list(csv.DictReader(sample.open()))
    lines = [f"{row['filename']},{'closed' if n < wrong else 'open'}\n" for n, row in enumerate(rows)]
    out.write_text("filename,label\n" + "".join(lines))
    return out


def test_a_sample_goes_out_and_its_answers_give_the_bound(squint: Squint, accepted: str, tmp_path: Path):
    drawn = squint("audit", accepted, "--size", 40, "--csv", tmp_path / "sample.csv", "--json").json
    assert (drawn["pile"], drawn["size"], drawn["answered"], drawn["speaks"]) == (60, 40, 0, False)
    assert (tmp_path / "sample.csv").read_text().splitlines()[0] == "filename,label"
    given = answer(tmp_path / "sample.csv", 2, tmp_path / "answers.csv")
    said = squint("audit", accepted, "--answers", given, "--json").json
    assert said["statement"] == "2 of 40 wrong: at most 14.9 % of the accepted labels are wrong (95 %)."
    assert (said["bound"], said["wrong"], said["current"]) == (pytest.approx(0.149, abs=1e-3), 2, True)
    assert said["left"]["labels"] == 20
    assert "Clopper" in said["method"]
    assert (said["target"], said["proven"]) == (0.02, False)
    assert squint("audit", accepted).out.strip() == said["statement"]
    assert squint("status", accepted, "--json").json["accepted"] == 20


def test_answers_to_images_that_were_not_drawn_are_listed_and_refused(
    squint: Squint, accepted: str, tmp_path: Path
):
    squint("audit", accepted, "--size", 2, "--csv", tmp_path / "sample.csv")
    given = answer(tmp_path / "sample.csv", 0, tmp_path / "answers.csv")
    names = {row["filename"] for row in csv.DictReader(given.open())}
    with Path(tmp_path / "answers.csv").open("a") as text:
        text.write(next(f"{n},open\n" for n in all_names(squint, accepted, tmp_path) if n not in names))
    said = squint("annotate", accepted, given, "--source", "audit", "--json").json
    assert (said["added"], len(said["refused"])) == (2, 1)
    assert said["refused"][0]["reason"] == "This image is not in the audit’s sample."


def all_names(squint: Squint, project: str, folder: Path) -> list[str]:
    squint("export", project, "--format", "csv", folder / "all.csv")
    return [row["filename"] for row in csv.DictReader((folder / "all.csv").open())]


def test_a_fixed_size_is_not_prolonged(squint: Squint, accepted: str):
    squint("audit", accepted, "--size", 5)
    assert "fixed beforehand" in refused(squint("audit", accepted, "--more", 5, code=1))


def test_an_open_plan_speaks_at_every_look(squint: Squint, accepted: str, tmp_path: Path):
    squint("audit", accepted, "--size", 10, "--plan", "open", "--csv", tmp_path / "sample.csv")
    squint("audit", accepted, "--answers", answer(tmp_path / "sample.csv", 0, tmp_path / "answers.csv"))
    said = squint("audit", accepted, "--more", 5, "--csv", tmp_path / "more.csv", "--json").json
    assert (said["size"], said["checked"], said["speaks"]) == (15, 10, True)
    assert len(list(csv.DictReader((tmp_path / "more.csv").open()))) == 5
    assert "every look" in said["method"]


def test_without_an_audit_or_a_pile_it_says_so(squint: Squint, eyes_project: str):
    assert refused(squint("audit", eyes_project, code=1)) == "There is no such audit."
    assert "nothing to audit" in refused(squint("audit", eyes_project, "--size", 5, code=1))
