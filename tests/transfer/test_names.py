from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.names import LONGEST, Places, attachment, safe_part


def test_two_images_of_one_name_get_two_places():
    places = Places()
    taken = [places.take("open", "a/eye.jpg", 1), places.take("open", "b/eye.jpg", 2)]
    assert taken == ["open/eye.jpg", "open/eye (2).jpg"]


@pytest.mark.parametrize("twin", ["EYE.jpg", unicodedata.normalize("NFD", "é.jpg")])
def test_names_that_one_disk_would_take_for_the_same_part(twin: str):
    places = Places()
    first = unicodedata.normalize("NFC", "é.jpg") if "E" not in twin else "eye.jpg"
    assert len({places.take("open", first, 1), places.take("open", twin, 2)}) == 2
    assert "(2)" in places.take("open", twin, 2)


def test_a_place_that_looks_like_a_numbered_one_is_not_given_twice():
    places = Places()
    names = ["eye (2).jpg", "eye.jpg", "eye.jpg", "eye.jpg"]
    assert len({places.take("open", name, 2) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["眼.png", "👁.png", "\u202eeye.png", "-rf.png", "=1+1.png", "a b.png"])
def test_odd_but_harmless_names_stay(name: str):
    assert safe_part(name) == name


@pytest.mark.parametrize("name", ["..", ".", "", "a\nb.png", "a\0b", "C:\\x", "x/../y", "con:aux", "dot."])
def test_names_that_a_disk_refuses_or_follows_are_changed(name: str):
    safe = safe_part(name)
    assert safe
    assert safe != name
    assert not set(safe) & set('/\\\0\n:*?"<>|')
    assert safe not in {".", ".."}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_a_part_is_never_longer_than_disks_take(name: str):
    assert 0 < len(safe_part(name).encode()) <= LONGEST


def test_a_long_name_keeps_its_ending():
    assert safe_part("眼" * 300 + ".jpeg").endswith("眼.jpeg")


@pytest.mark.parametrize(
    "name", ["../../x.csv", 'a"; x="y.csv', "a\r\nSet-Cookie: b=c.csv", "眼.csv", "é’.csv", ""]
)
def test_a_download_name_cannot_break_out_of_its_header(name: str):
    header = attachment(name)["Content-Disposition"]
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "/" not in header
    assert header.startswith("attachment; filename=")


def test_a_download_name_comes_whole_where_the_browser_reads_utf_8():
    assert "filename*=UTF-8''%E7%9C%BC.csv" in attachment("眼.csv")["Content-Disposition"]
