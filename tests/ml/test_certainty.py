"""The ranges hold, whoever answers and whatever was asked; a slip or too few answers is no reason to be sure."""

from __future__ import annotations

import numpy as np
import pytest

from ml.certainty import Certainty, likely


def world(scale: float, lapse: float, seed: int, count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of `count` images with two classes, and what a person says who slips now and then."""
    random = np.random.default_rng(seed)
    lead = random.normal(0, 2, count)
    logits = np.stack([np.zeros(count), lead], 1).astype(np.float32)
    chance = Certainty(scale, lapse).chances(logits)[:, 1]
    return logits, (random.random(count) < chance).astype(np.int64)


def alone(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def expected(logits: np.ndarray, labels: np.ndarray, drawn: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """How many of `rest` are wrong, under each likely calibration."""
    beliefs = likely(logits[drawn], labels[drawn], alone(len(drawn)), 60)
    return np.array([(1 - belief.chances(logits[rest]).max(1)).sum() for belief in beliefs])


@pytest.mark.parametrize(("scale", "lapse"), [(2.0, 0.01), (3.0, 0.0), (5.0, 0.003)])
def test_the_range_holds_nineteen_times_of_twenty_after_the_doubtful_were_asked(scale: float, lapse: float):
    held = 0
    for seed in range(40):
        logits, labels = world(scale, lapse, seed)
        drawn = np.arange(50)
        rest = np.arange(50, len(labels))
        rest = rest[np.argsort(np.abs(logits[rest, 1]))][100:]
        missed = (logits[rest].argmax(1) != labels[rest]).sum()
        found = expected(logits, labels, drawn, rest)
        luck = 1.96 * missed**0.5
        held += np.quantile(found, 0.025) - luck <= missed <= np.quantile(found, 0.975) + luck
    assert held >= 37


@pytest.mark.parametrize(("scale", "lapse"), [(3.0, 0.0), (4.0, 0.04)])
def test_an_audit_of_the_sure_ones_makes_the_range_narrower_and_it_still_holds(scale: float, lapse: float):
    held, before, after = 0, [], []
    for seed in range(40):
        logits, labels = world(scale, lapse, seed)
        surest = 50 + np.argsort(-np.abs(logits[50:, 1]))[:1500]
        audited, rest = surest[::5], np.setdiff1d(np.arange(50, len(labels)), surest[::5])
        missed = (logits[rest].argmax(1) != labels[rest]).sum()
        found = expected(logits, labels, np.concatenate([np.arange(50), audited]), rest)
        luck = 1.96 * missed**0.5
        held += np.quantile(found, 0.025) - luck <= missed <= np.quantile(found, 0.975) + luck
        before.append(np.ptp(expected(logits, labels, np.arange(50), rest)))
        after.append(np.ptp(found))
    assert held >= 37
    assert np.median(after) < 0.75 * np.median(before)


def test_one_slip_on_an_easy_image_does_not_make_all_of_them_look_hard():
    logits, labels = world(4.0, 0.0, 0)
    drawn, rest = np.arange(50), np.arange(50, 2000)
    before = expected(logits, labels, drawn, rest).mean()
    easiest = np.abs(logits[:50, 1]).argmax()
    labels[easiest] = 1 - labels[easiest]
    assert before < expected(logits, labels, drawn, rest).mean() < 2 * before


def test_more_answers_narrow_the_range():
    logits, labels = world(3.0, 0.003, 1)
    few, many = (np.ptp(expected(logits, labels, np.arange(n), np.arange(1000, 2000))) for n in (30, 1000))
    assert many < few / 2


def test_a_group_counts_as_one_answer():
    logits, labels = world(3.0, 0.003, 2)
    once = likely(logits[:40], labels[:40], alone(40), 20)
    copies = np.repeat(np.arange(40), 5)
    assert likely(logits[copies], labels[copies], [str(n) for n in copies], 20) == once
    assert likely(logits[copies], labels[copies], alone(200), 20) != once


def test_without_answers_what_was_known_before_stands():
    beliefs = likely(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), [], 41)
    assert np.median([belief.scale for belief in beliefs]) == pytest.approx(4.0, rel=0.1)
    assert beliefs == likely(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), [], 41)


def test_chances_sum_to_one_and_nothing_is_ever_certain():
    chances = Certainty(1000.0, 0.003).chances(np.array([[0, 9, 1], [5, 5, 5]], np.float32))
    assert chances.sum(1) == pytest.approx(1)
    assert chances[0].tolist() == pytest.approx([0.001, 0.998, 0.001])
    assert chances[1] == pytest.approx(1 / 3)
