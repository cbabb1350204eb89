"""One promise a command, over a real database and real images."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from app.cli.shell import LOCAL
from app.db import Database
from app.images.rendered import write_eyes_zip
from app.models import Annotation, Image, User
from tests.cli.conftest import Squint, refused
from tests.images.samples import picture, zip_of


@pytest.fixture
def database(data_dir: Path) -> Database:
    return Database(f"sqlite:///{data_dir / 'squint.db'}")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([("filename", "label"), *rows])
    return path


def test_the_first_command_makes_a_local_admin_where_there_is_nobody(squint: Squint, database: Database):
    squint("project", "create", "eyes", "--classes", "closed,open")
    with database.read() as session:
        assert [(u.email, u.role) for u in session.query(User)] == [(LOCAL, "admin")]


def test_what_is_done_is_the_first_admins_doing_or_that_of_whoever_is_named(
    squint: Squint, database: Database, tmp_path: Path, eyes_zip: tuple[Path, Path]
):
    squint("user", "add", "ann@lab.local", "--role", "admin")
    squint("user", "add", "bob@lab.local", "--role", "admin")
    squint("project", "create", "eyes", "--classes", "closed,open")
    squint("import", "eyes", eyes_zip[0])
    one = write_rows(tmp_path / "1.csv", [("face0001_left.png", "open")])
    two = write_rows(tmp_path / "2.csv", [("face0002_left.png", "open")])
    squint("annotate", "eyes", one, "--source", "seed")
    squint("annotate", "eyes", two, "--source", "seed", "--as", "bob@lab.local")
    with database.read() as session:
        authors = session.query(User.email).join(Annotation, Annotation.author_id == User.id)
        assert [a.email for a in authors.order_by(Annotation.id)] == ["ann@lab.local", "bob@lab.local"]


def test_a_person_may_do_in_the_shell_what_they_may_in_the_browser(squint: Squint, eyes_zip: tuple[Path, Path]):
    squint("project", "create", "eyes", "--classes", "closed,open")
    squint("user", "add", "ann@lab.local")
    sentence = refused(squint("import", "eyes", eyes_zip[0], "--as", "ann@lab.local", code=1))
    assert sentence == "ann@lab.local is no member of eyes."


def test_adding_a_person_prints_the_link_for_their_password(squint: Squint):
    said = squint("user", "add", "ann@lab.local", "--role", "engineer", "--json").json
    assert said["role"] == "engineer"
    assert said["link"].startswith("http://127.0.0.1:8000/links/")


def test_a_project_is_found_by_name_and_by_number(squint: Squint):
    made = squint("project", "create", "my eyes", "--classes", "closed,open,half", "--positive", "open", "--json")
    assert made.json["classes"] == ["closed", "open", "half"]
    assert squint("status", "my eyes", "--json").json["id"] == made.json["id"]
    assert squint("status", made.json["id"], "--json").json["project"] == "my eyes"


def test_importing_twice_adds_nothing(squint: Squint, eyes_project: str, eyes_zip: tuple[Path, Path]):
    again = squint("import", eyes_project, eyes_zip[0], "--json").json
    assert (again["received"], again["taken"], again["already_there"]) == (120, 0, 120)


def test_images_come_with_labels_from_a_folder_and_a_csv(squint: Squint, tmp_path: Path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture(number))
    labels = write_rows(tmp_path / "labels.csv", [("0.png", "open"), ("1.png", "closed"), ("9.png", "open")])
    squint("project", "create", "eyes", "--classes", "closed,open")
    said = squint("import", "eyes", folder, "--labels", labels, "--json").json
    assert said["taken"] == 3
    assert said["labels"]["added"] == 2
    assert [row["filename"] for row in said["labels"]["refused"]] == ["9.png"]


def test_class_folders_are_labels_where_asked_for(squint: Squint, tmp_path: Path):
    archive = tmp_path / "eyes.zip"
    archive.write_bytes(zip_of({"open/a.png": picture(1), "closed/b.png": picture(2)}))
    squint("project", "create", "eyes", "--classes", "closed,open")
    assert squint("import", "eyes", archive, "--class-folders", "--json").json["labelled"] == 2


def test_a_bad_file_beside_good_ones_is_named_and_set_aside(squint: Squint, tmp_path: Path):
    archive = tmp_path / "eyes.zip"
    archive.write_bytes(zip_of({"good.png": picture(1), "bad.png": b"no picture"}))
    squint("project", "create", "eyes", "--classes", "closed,open")
    said = squint("import", "eyes", archive)
    assert "1 taken" in said.out
    assert "bad.png: " in said.err


def test_a_row_for_an_unknown_image_or_class_is_listed_and_never_guessed(
    squint: Squint, eyes_project: str, tmp_path: Path
):
    rows = [("face0001_left.png", "open"), ("nobody.png", "open"), ("face0002_left.png", "Open ")]
    said = squint(
        "annotate", eyes_project, write_rows(tmp_path / "a.csv", rows), "--source", "seed", "--json"
    ).json
    assert said["added"] == 1
    assert [row["row"] for row in said["refused"]] == [3, 4]


def test_when_no_row_can_be_used_the_exit_status_says_so(squint: Squint, eyes_project: str, tmp_path: Path):
    squint("annotate", eyes_project, write_rows(tmp_path / "a.csv", [("nobody.png", "open")]), code=1)


def test_what_people_said_before_stays(squint: Squint, eyes_project: str, tmp_path: Path):
    squint("annotate", eyes_project, write_rows(tmp_path / "a.csv", [("face0001_left.png", "open")]))
    changed = write_rows(tmp_path / "b.csv", [("face0001_left.png", "closed")])
    said = squint("annotate", eyes_project, changed, "--json").json
    assert (said["added"], len(said["conflicts"])) == (0, 1)
    assert said["conflicts"][0]["has"] == "open"


def test_status_tells_where_the_loop_stands_and_what_comes_next(
    squint: Squint, eyes_project: str, tmp_path: Path
):
    squint("annotate", eyes_project, write_rows(tmp_path / "a.csv", [("face0001_left.png", "open")]), "--source",
           "seed")  # fmt: skip
    said = squint("status", eyes_project, "--json").json
    assert (said["images"], said["seed"], said["jobs"]) == (120, 1, [])
    assert said["next"]["title"] == "Label 99 more images"
    assert "Next: Label 99 more images." in squint("status", eyes_project).out


def test_the_labels_leave_and_come_back_into_another_project_the_same(
    squint: Squint, eyes_project: str, eyes_zip: tuple[Path, Path], tmp_path: Path
):
    squint("annotate", eyes_project, eyes_zip[1], "--source", "seed")
    squint("export", eyes_project, tmp_path / "first.csv", "--format", "csv")
    squint("project", "create", "again", "--classes", "closed,open")
    squint("import", "again", eyes_zip[0], "--labels", tmp_path / "first.csv")
    squint("export", "again", tmp_path / "second.csv")
    first, second = rows_of(tmp_path / "first.csv"), rows_of(tmp_path / "second.csv")
    assert [(r["filename"], r["label"]) for r in first] == [(r["filename"], r["label"]) for r in second]
    assert {r["source"] for r in second} == {"import"}


ODD_NAMES = [
    "=1+1.png", "-rf.png", "@a.png", "+b.png", "a.PNG", "a.png", "\u00e9.png", "e\u0301.png", "眼.png", "👁 .png",
    "\u202eeye.png", "line\nbreak.png", 'quo"te,.png', "x" * 300 + ".png", "tab\t.png", "sub/deep/eye.png",
]  # fmt: skip


def test_odd_names_survive_the_way_out_and_back(squint: Squint, tmp_path: Path, database: Database):
    archive = tmp_path / "odd.zip"
    archive.write_bytes(zip_of({name: picture(i) for i, name in enumerate(ODD_NAMES)}))
    squint("project", "create", "odd", "--classes", "closed,=open")
    squint("import", "odd", archive)
    with database.read() as session:
        names = [image.name for image in session.query(Image).order_by(Image.id)]
    assert sorted(names) == sorted(ODD_NAMES)
    labels = write_rows(tmp_path / "labels.csv", [(name, "=open") for name in names])
    assert squint("annotate", "odd", labels, "--json").json["added"] == len(names)
    squint("export", "odd", tmp_path / "out.csv")
    again = squint("annotate", "odd", tmp_path / "out.csv", "--json").json
    assert (again["unchanged"], again["added"], again["refused"]) == (len(names), 0, [])
    count = squint("export", "odd", tmp_path / "out.zip", "--format", "folders", "--json").json["images"]
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(tmp_path / "out.zip") as out:
        out.extractall(unpacked)
    assert count == len(names) == sum(1 for path in unpacked.rglob("*") if path.is_file())


def test_two_entries_of_one_name_both_leave(squint: Squint, tmp_path: Path):
    archive = tmp_path / "twins.zip"
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.write_bytes(zip_of([("open/eye.png", picture(1)), ("open/eye.png", picture(2))]))
    squint("project", "create", "twins", "--classes", "closed,open")
    squint("import", "twins", archive, "--class-folders")
    squint("export", "twins", tmp_path / "out.zip", "--format", "folders", "--folders", "number")
    with zipfile.ZipFile(tmp_path / "out.zip") as out:
        assert sorted(out.read(name) for name in out.namelist()) == sorted([picture(1), picture(2)])
        assert all(name.startswith("1/eye") for name in out.namelist())


def test_an_export_that_fails_leaves_the_old_file(squint: Squint, eyes_project: str, tmp_path: Path):
    out = tmp_path / "out.zip"
    out.write_bytes(b"old")
    refused(squint("export", eyes_project, out, "--format", "model", code=1))
    assert out.read_bytes() == b"old"
    assert list(tmp_path.glob(".out*")) == []


def test_the_demo_is_made_once(squint: Squint):
    first = squint("demo", "--count", 120, "--json").json
    assert (first["images"], first["labelled"]) == (120, 100)
    assert squint("demo", "--count", 120, "--json").json == first
    assert squint("status", "demo", "--json").json["next"]["title"] == "Train the labelers"


def test_rendered_eyes_are_the_same_for_the_same_seed(tmp_path: Path):
    write_eyes_zip(tmp_path / "a.zip", 10, 3)
    write_eyes_zip(tmp_path / "b.zip", 10, 3)
    assert io.BytesIO((tmp_path / "a.zip").read_bytes()).read() == (tmp_path / "b.zip").read_bytes()
