"""Who gets which image: one person at a time, most useful first, freed by the clock."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from app.config import Settings
from app.models import QueueEntry
from app.models.base import now
from tests.review.conftest import Room
from tests.web import on_sqlite


def let_leases_end(room: Room, moved: timedelta) -> None:
    """As if the clock had moved on by `moved`."""
    with room.database.write() as session:
        session.execute(
            update(QueueEntry)
            .where(QueueEntry.leased_until.is_not(None))
            .values(leased_until=now() + timedelta(seconds=120) - moved)
        )


def test_images_come_in_the_order_of_their_rank(room: Room):
    ids = room.tab().ids(30)
    with room.database.read() as session:
        ranks = dict(session.execute(select(QueueEntry.image_id, QueueEntry.rank)).all())
    assert sorted(ids) == room.images
    assert all(ranks[a] <= ranks[b] for a, b in pairwise(ids))


def test_no_image_goes_to_two_people(room: Room):
    served = [room.tab().ids(7) for _ in range(5)]
    assert [len(ids) for ids in served] == [7, 7, 7, 7, 2]
    assert len({i for ids in served for i in ids}) == 30


def test_a_reloaded_tab_gets_its_own_images_again(room: Room):
    tab = room.tab()
    assert tab.ids(5) == tab.ids(5)


def test_a_second_tab_of_the_same_person_gets_other_images(room: Room):
    tab = room.tab()
    first = tab.ids(5)
    tab.name = "another-tab"
    assert not set(first) & set(tab.ids(5))


def test_a_renewed_claim_gives_back_what_the_tab_does_not_have_and_brings_what_now_comes_first(room: Room):
    tab, other = room.tab(), room.tab()
    first = tab.ids(10)
    with room.database.write() as session:
        later = update(QueueEntry).where(QueueEntry.image_id.in_(first[3:8])).values(rank=2.0)
        session.execute(later)
    renewed = tab.claim(7, have=tuple(first[:3]), renew=True)
    assert renewed["kept"] == sorted(first[:3])
    fresh = [item["id"] for item in renewed["items"]]
    assert fresh[:2] == first[8:]
    assert not set(fresh) & set(first[:8])
    assert set(other.ids(30)) == set(room.images) - set(first[:3]) - set(fresh)


@on_sqlite
def test_what_the_tab_has_is_not_served_again(room: Room):
    tab = room.tab()
    first = tab.ids(5)
    assert not set(first) & set(tab.ids(5, have=tuple(first)))


def test_images_of_somebody_who_left_come_back_when_the_clock_says_so(room: Room):
    gone, here = room.tab(), room.tab()
    taken = gone.ids(30)
    assert here.ids(30) == []
    let_leases_end(room, timedelta(seconds=119))
    assert here.ids(30) == []
    let_leases_end(room, timedelta(seconds=121))
    assert here.ids(30) == taken


def test_asking_prolongs_the_leases_on_what_the_tab_has(room: Room):
    staying, other = room.tab(), room.tab()
    held = staying.ids(30)
    let_leases_end(room, timedelta(seconds=100))
    assert staying.claim(0, have=tuple(held))["kept"] == sorted(held)
    with room.database.read() as session:
        ends = session.scalars(select(QueueEntry.leased_until).where(QueueEntry.project_id == room.project))
        assert all(end > now() + timedelta(seconds=60) for end in ends)
    assert other.ids(30) == []


def test_a_tab_that_slept_too_long_learns_which_images_are_no_longer_its_own(room: Room):
    sleeper, other = room.tab(), room.tab()
    held = sleeper.ids(4)
    let_leases_end(room, timedelta(seconds=121))
    taken = other.ids(2)
    assert set(taken) < set(held)
    assert sleeper.claim(0, have=tuple(held))["kept"] == sorted(set(held) - set(taken))


def test_a_clock_that_was_set_back_locks_no_image(room: Room):
    gone, here = room.tab(), room.tab()
    gone.ids(30)
    let_leases_end(room, timedelta(hours=-1))
    assert len(here.ids(30)) == 30


def test_an_image_that_was_taken_back_stays_with_the_tab_that_shows_it(room: Room):
    tab, other = room.tab(), room.tab()
    image = tab.ids(1)[0]
    key = "answer-to-undo"
    assert tab.answer(image, room.classes[0], key=key).status_code == 200
    assert tab.undo(key).status_code == 200
    assert image not in other.ids(30)
    let_leases_end(room, timedelta(seconds=121))
    assert other.ids(1) == [image]


def test_another_projects_images_are_neither_served_nor_leased(room: Room):
    tab = room.tab()
    assert not set(tab.ids(50, have=tuple(room.noise_images))) & set(room.noise_images)
    assert tab.claim(0, have=tuple(room.noise_images))["kept"] == []
    with room.database.read() as session:
        held = session.scalars(
            select(QueueEntry.image_id).where(
                QueueEntry.project_id == room.noise, QueueEntry.leased_until.is_not(None)
            )
        )
        assert list(held) == []


@on_sqlite
def test_the_review_pile_is_not_the_seed_pile(room: Room):
    tab = room.tab()
    assert tab.ids(30, pile="review") == []
    assert len(tab.ids(30)) == 30


@on_sqlite
def test_how_long_a_lease_lasts_is_a_setting(room: Room, settings: Settings):
    settings.lease_s = 0.0
    assert room.tab().ids(30) == room.tab().ids(30)


@on_sqlite
@pytest.mark.parametrize("count", [0, 1, 50])
def test_as_many_are_leased_as_were_served(room: Room, count: int):
    served = room.tab().ids(count)
    with room.database.read() as session:
        leased = session.scalars(select(QueueEntry.image_id).where(QueueEntry.leased_until.is_not(None)))
        assert sorted(leased) == sorted(served)
