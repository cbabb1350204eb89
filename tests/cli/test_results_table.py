"""`squint results` for people: the table, and who is better."""

from __future__ import annotations

from typing import Any

import pytest

from app.cli.options import USUAL_THRESHOLD
from app.cli.training import _say_results
from ml.metrics import REPORT_THRESHOLD


def model(name: str, eer: float | None) -> dict[str, Any]:
    figures = {"eer": {"value": eer}, "auc": {"value": 0.9}}
    return {"model": name, "figures": figures, "parameters": 1e6, "seconds": 60} | dict.fromkeys(
        ("precision", "recall", "f1"), 0.9
    )


def pair(first: str, second: str, only_first: int, only_second: int, p: float) -> dict[str, Any]:
    return {
        "first": first, "second": second, "only_first": only_first, "only_second": only_second, "p": p, "holm": p,
        "by_group": False, "differences": {"eer": {"value": -0.02, "low": -0.03, "high": -0.01}},
    }  # fmt: skip


def said(capfd: pytest.CaptureFixture[str], *models: dict[str, Any], pairs: list[dict[str, Any]]) -> list[str]:
    about = {"bakeoff": 1, "threshold": 0.6, "positive": "open", "in_use": None}
    _say_results({**about, "models": list(models), "pairs": pairs})
    return capfd.readouterr().out.splitlines()


def test_below_the_table_it_says_whether_the_best_model_is_better_than_each_other(
    capfd: pytest.CaptureFixture[str],
):
    pairs = [pair("a", "b", 30, 2, 0.0001), pair("b", "c", 9, 8, 0.9), pair("a", "c", 12, 9, 0.7)]
    lines = said(capfd, model("b", 0.2), model("a", 0.1), model("c", 0.3), pairs=pairs)
    points = "EER: a is better by 2.0 points (1.0 to 3.0)."
    assert lines[-2:] == [
        f"a is better than b: 30 against 2 images, p < .001. {points}",
        f"No difference shown between a and c: 12 against 9 images, p = .700. {points}",
    ]


def test_a_model_that_never_errs_is_the_best(capfd: pytest.CaptureFixture[str]):
    pairs = [pair("b", "a", 0, 30, 0.001), pair("b", "c", 9, 8, 0.9), pair("a", "c", 30, 0, 0.001)]
    lines = said(capfd, model("b", 0.2), model("a", 0.0), model("c", 0.3), pairs=pairs)
    assert [line.split()[0] for line in lines[-2:]] == ["a", "a"]


def test_where_no_model_has_an_eer_the_first_is_compared(capfd: pytest.CaptureFixture[str]):
    models = [model(name, None) for name in "abc"]
    lines = said(capfd, *models, pairs=[pair("a", "b", 5, 5, 1.0), pair("b", "c", 5, 5, 1.0)])
    assert lines[-1].startswith("No difference shown between a and b")


def test_the_shell_and_the_pages_start_from_one_threshold():
    assert USUAL_THRESHOLD == REPORT_THRESHOLD
