from __future__ import annotations

import pytest

from app.projects.next_step import Standing, next_step

FULL = Standing(images=4000, new=3900, seed=100)
ROUND = Standing(images=4000, seed=100, accepted=3427, unclear=292, settled=176, set_aside=5, rounds=1)
DONE = Standing(images=4000, seed=100, accepted=3427, settled=473, rounds=1, audited=True)


def but(standing: Standing, **changes: object) -> Standing:
    return Standing(**{**standing.__dict__, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("standing", "title", "path"),
    [
        (Standing(), "Import images", "/images"),
        (Standing(images=4000, new=4000), "Label 100 images", "/label"),
        (Standing(images=4000, new=3999, seed=1), "Label 99 more images", "/label"),
        (Standing(images=4000, new=3901, seed=99), "Label 1 more image", "/label"),
        (Standing(images=30, new=30), "Label 30 images", "/label"),
        (but(DONE, disputed=2), "Decide 2 images on which people differ", "/adjudicate"),
        (Standing(images=30, new=0, seed=25, set_aside=5), "Train the final classifiers", "/results"),
        (but(FULL, missing="At least 2 of open."), "Label a few more images", "/label"),
        (FULL, "Train the labelers", "/labelers"),
        (but(FULL, labelers_run=True), "The labelers are at work", "/jobs"),
        (but(FULL, seed=60, new=3940, labelers_run=True), "The labelers are at work", "/jobs"),
        (ROUND, "Settle 292 unclear images", "/review"),
        (but(ROUND, unclear=1), "Settle 1 unclear image", "/review"),
        (but(ROUND, for_others=True), "Other people’s answers are missing", "/team"),
        (but(ROUND, for_others=True, disputed=2), "Decide 2 images on which people differ", "/adjudicate"),
        (but(FULL, seed=60, for_others=True), "Other people’s answers are missing", "/team"),
        (but(ROUND, labelers_run=True), "Settle 292 unclear images", "/review"),
        (but(ROUND, bakeoff_runs=True), "Settle 292 unclear images", "/review"),
        (but(ROUND, audit_left=236), "Check 236 accepted labels", "/audit/check"),
        (but(DONE, audited=False), "Audit what the labelers accepted", "/audit"),
        (but(DONE, audited=False, bakeoffs=1), "Read the results", "/results"),
        (DONE, "Train the final classifiers", "/results"),
        (but(DONE, bakeoff_runs=True), "The classifiers are training", "/jobs"),
        (but(DONE, bakeoffs=1), "Read the results", "/results"),
        (but(DONE, bakeoffs=1, bakeoff_runs=True), "The classifiers are training", "/jobs"),
        (but(DONE, new=200, images=4200), "200 new images came in", "/labelers"),
        (but(DONE, new=200, images=4200, labelers_run=True), "The labelers are at work", "/jobs"),
        (but(DONE, new=200, images=4200, bakeoffs=1), "200 new images came in", "/labelers"),
    ],
)
def test_an_engineer_sees_the_one_next_thing(standing: Standing, title: str, path: str):
    step = next_step(standing, engineer=True)
    assert (step.title, step.path) == (title, path)
    assert step.label
    assert step.key


@pytest.mark.parametrize(
    ("standing", "path"),
    [
        (Standing(), ""),
        (Standing(images=10, new=10), "/label"),
        (FULL, ""),
        (but(FULL, missing="At least 2 of open."), "/label"),
        (but(FULL, labelers_run=True), ""),
        (ROUND, "/review"),
        (but(ROUND, labelers_run=True), "/review"),
        (DONE, ""),
        (but(DONE, audited=False), ""),
        (but(DONE, audit_left=5), "/audit/check"),
        (but(DONE, bakeoffs=1), ""),
    ],
)
def test_an_annotator_is_only_asked_for_answers(standing: Standing, path: str):
    step = next_step(standing, engineer=False)
    assert step.path == path
    assert bool(step.label) == bool(path)


@pytest.mark.parametrize(
    ("answers", "seconds", "says"),
    [
        (0, 0.0, "About 12 minutes"),
        (9, 900.0, "About 12 minutes"),
        (281, 395.0, "About 7 minutes"),
        (20, 2.0, "Less than a minute"),
        (20, 250.0, "About 1 hour"),
        (20, 600.0, "About 2 hours"),
    ],
)
def test_the_time_that_is_left_comes_from_the_answers_so_far(answers: int, seconds: float, says: str):
    step = next_step(but(ROUND, answers=answers, answer_seconds=seconds), engineer=False)
    assert step.sentence.startswith(f"{says} for all of them. 3,427 are labelled")


def test_who_has_answered_all_is_told_for_whom_the_others_wait():
    step = next_step(but(ROUND, for_others=True), engineer=False)
    assert (step.title, step.path) == ("Nothing for you to do now", "")
    assert step.sentence == "You have answered all that you can: 292 images wait for other people."


def test_it_says_whether_more_answers_are_worth_their_time():
    assert next_step(ROUND, engineer=True, advice="Stop now").sentence.endswith("without you. Stop now.")


def test_only_starting_the_labelers_happens_at_a_press():
    steps = [next_step(s, engineer=True) for s in (Standing(), FULL, ROUND, DONE, but(DONE, new=5))]
    assert [step.posts for step in steps] == [False, True, False, False, True]
