"""The exported tables, cell by cell."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cells import with_quote, without_quote
from app.images.labels_csv import read_labels_csv
from app.transfer.tables import Opinion, Row, write_labels, write_unclear

NOON = datetime(2026, 11, 23, 13, 0, 5, tzinfo=timezone(timedelta(hours=1)))
SURE = Opinion("open", 0.9876543, 0.9876543)
DOUBT = Opinion("closed", 0.5, 0.5)


def row(filename: str, label: str = "open", source: str = "seed", **fields: object) -> Row:
    return Row(filename, label, "settled", source, "ann@lab", NOON, [], **fields)  # type: ignore[arg-type]


def text_of(write: object, *given_: object) -> str:
    out = io.StringIO(newline="")
    write(out, *given_)  # type: ignore[operator]
    return out.getvalue()


def test_the_table_is_this_to_the_letter():
    rows = [
        Row("a/eye 1.png", "open", "settled", "seed", "ann@lab", NOON, [SURE, DOUBT]),
        Row("b.png", "open", "accepted", "accepted", "ResNet50 + YOLOv8n", NOON, [SURE, SURE]),
        Row("=c.png", "", "unclear", "", "", None, [SURE, None]),
    ]
    assert text_of(write_labels, ["resnet50", "yolov8n-cls"], rows) == (
        "filename,label,state,source,who,when,resnet50_class,resnet50_confidence,resnet50_score,"
        "yolov8n-cls_class,yolov8n-cls_confidence,yolov8n-cls_score\r\n"
        "a/eye 1.png,open,settled,seed,ann@lab,2026-11-23T12:00:05Z,"
        "open,0.987654,0.987654,closed,0.500000,0.500000\r\n"
        "b.png,open,accepted,accepted,ResNet50 + YOLOv8n,2026-11-23T12:00:05Z,"
        "open,0.987654,0.987654,open,0.987654,0.987654\r\n"
        "'=c.png,,unclear,,,,open,0.987654,0.987654,,,\r\n"
    )


def test_an_empty_project_gives_a_header_and_nothing_else():
    assert text_of(write_labels, [], []) == "filename,label,state,source,who,when\r\n"
    assert text_of(write_unclear, ["a"], []) == "filename,label,a_class,a_confidence,a_score\r\n"


def test_the_unclear_list_leaves_room_for_the_answer():
    unclear = Row("eye.png", "", "unclear", "", "", None, [SURE])
    assert text_of(write_unclear, ["a"], [unclear]).splitlines()[1] == "eye.png,,open,0.987654,0.987654"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_a_formula(start: str):
    assert with_quote(f"{start}1+1") == f"'{start}1+1"
    assert without_quote(with_quote(f"{start}1+1")) == f"{start}1+1"


def test_a_quote_that_was_there_before_stays():
    for cell in ("'", "'a", "'=a", "''=a", "a'=b", ""):
        assert without_quote(with_quote(cell)) == cell
    assert with_quote("'a") == "'a"


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8))
def test_whatever_the_names_are_our_import_reads_back_what_was_written(pairs: list[tuple[str, str]]):
    written = text_of(write_labels, [], [row(name, label) for name, label in pairs])
    read = read_labels_csv(written.encode())
    assert [(without_quote(r.filename), without_quote(r.label)) for r in read] == pairs


def test_times_are_utc_and_whole_seconds():
    when = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    line = text_of(write_labels, [], [Row("a", "open", "settled", "seed", "ann", when, [])]).splitlines()[1]
    assert next(csv.reader([line]))[5] == "2026-01-02T03:04:05Z"
