"""Better means better, in a sentence of the reader's language."""

from __future__ import annotations

from contextvars import copy_context
from types import SimpleNamespace

import numpy as np

from app.languages import _language
from app.notes import note_in_words
from app.results.verdicts import Verdict, judge
from app.results.words import cut_in_words
from ml.labelers.evidence import candidates_of
from ml.metrics import Pair
from ml.training import notes


def test_the_sentence_says_better_only_when_the_corrected_p_does():
    pair = Pair(31, 12, 0.00507, by_group=False)
    assert judge(pair, "ResNet18", "YOLOv8n").sentence == (
        "ResNet18 is better than YOLOv8n: 31 against 12 images, p = .005."
    )
    assert judge(pair, "ResNet18", "YOLOv8n", p=0.2).sentence.startswith("No difference shown between")
    assert judge(Pair(12, 31, 0.0001, by_group=True), "A", "B") == Verdict(
        "B is better than A: 31 against 12 images, p < .001.", "exact sign test over whole groups"
    )
    assert judge(Pair(5, 5, 0.01, by_group=False), "A", "B").sentence.startswith("No difference shown")


def test_it_says_by_how_many_points_and_when_chance_alone_may_have_made_them():
    apart = {
        "eer": {"value": 0.0142, "low": 0.006, "high": 0.0219},
        "error": {"value": -0.005, "low": -0.0221, "high": 0.0119},
    }
    pair = Pair(31, 12, 0.2, by_group=False)
    assert judge(pair, "ResNet18", "YOLOv8n", differences=apart).by_how_much == (
        "EER: YOLOv8n is better by 1.4 points (0.6 to 2.2).",
        "Error: ResNet18 is better by 0.5 points, maybe by chance (−1.2 to 2.2).",
    )
    unknown = {"value": None, "low": None, "high": None}
    same = {"value": 0.0, "low": -0.004, "high": 0.0004}
    assert judge(pair, "A", "B", differences={"eer": unknown, "error": same}).by_how_much == (
        "Error: no difference (0.0 to 0.4 points).",
    )
    assert judge(pair, "A", "B").by_how_much == ()


def test_sentences_and_slices_speak_russian_with_its_comma():
    def speak() -> tuple[str, dict[str, object]]:
        _language.set("ru")
        cut = {
            "name": "brightness",
            "slices": ["darkest, 0.10 to 0.40", "0.40 to 0.90", "what nobody translated"],
        }
        return judge(Pair(31, 12, 0.00507, by_group=False), "A", "B").sentence, cut_in_words(cut)

    sentence, cut = copy_context().run(speak)
    assert sentence == "A лучше, чем B: 31 против 12 изображений, p = 0,005."
    assert cut == {
        "name": "яркость",
        "slices": ["самые тёмные, от 0,10 до 0,40", "от 0,40 до 0,90", "what nobody translated"],
    }


def assert_translated(said: set[str]) -> None:
    def speak(language: str) -> set[str]:
        _language.set(language)
        return {note_in_words(note) for note in said}

    assert copy_context().run(speak, "en") == said
    assert not copy_context().run(speak, "ru") & said


def test_every_note_that_a_training_leaves_is_translated():
    tuned = {"resnet18": {}}
    model = SimpleNamespace(name="resnet18", title="ResNet18", weights="scratch", metrics={"from_pile": True})
    runs = [
        SimpleNamespace(folds=folds, splits=SimpleNamespace(validate=[1]), manifest=SimpleNamespace(tuned=tuned))
        for folds in ([], [1, 2])
    ]
    said = {note for run in runs for note in notes(run, [model, model])}  # type: ignore[arg-type, list-item]
    assert len(said) == 5
    assert_translated(said)


def test_every_note_that_a_round_leaves_is_translated():
    few, some = np.full((9, 2), 0.5), np.repeat([-1, 0], [40, 60])
    _may, of_few = candidates_of(few, np.full(9, -1), ["closed", "open"])
    _may, of_rare = candidates_of(np.full((100, 2), 0.5), some, ["closed", "open"])
    said = {*of_few, *of_rare, "The compact net learnt from 30 answers."}
    assert len(said) == 3
    assert_translated(said)


def test_three_models_are_joined_as_a_sentence_does_whoever_wrote_the_note():
    note = "{}: trained from scratch; pretrained weights likely err less."
    for titles in ("A, B and C", "A and B and C"):  # as it is written now, and as it was
        assert note_in_words(note.format(titles)) == note.format("A, B and C")
