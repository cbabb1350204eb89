"""Which test images a click asks for. Pure: arrays in, rows out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.languages import fixed
from app.languages import gettext as _
from app.results.board import Board, Contender
from app.results.choice import Choice, Wanted
from app.results.words import cut_in_words

NOT_SURE = -1
Rows = NDArray[np.int64]


def said_with_band(board: Board, contender: Contender, choice: Choice) -> Rows:
    """Return the class each test image is put into, NOT_SURE for a score between the two thresholds."""
    said = board.said(contender, choice.high)
    if board.two_classes and choice.low < choice.high:
        score = contender.scores[:, board.positive]
        between = (score >= np.float32(choice.low)) & (score < np.float32(choice.high))
        said = np.where(between, NOT_SURE, said)
    return said


def pick(
    board: Board, contender: Contender, choice: Choice, wanted: Wanted, codes: NDArray[np.uint8] | None
) -> Rows:
    """Return rows of the board, in the order in which they are worth looking at."""
    said = said_with_band(board, contender, choice)
    score = contender.scores[:, _column(board, wanted)]
    chosen = np.ones(len(board.labels), bool)
    if wanted.label is not None:
        chosen &= board.labels == wanted.label
    if wanted.said is not None:
        chosen &= said == wanted.said
    if wanted.least is not None:
        chosen &= score >= np.float32(wanted.least)
    if wanted.below is not None:
        chosen &= score < np.float32(wanted.below)
    if wanted.wrong:
        chosen &= (said != board.labels) & (said != NOT_SURE)
    if wanted.cut is not None and wanted.part is not None:
        chosen &= _in_slice(codes, wanted.cut, wanted.part, len(chosen))
    if wanted.against is not None and (other := board.find(wanted.against)) is not None:
        chosen &= (said == board.labels) != (said_with_band(board, other, choice) == board.labels)
    return _ordered(np.flatnonzero(chosen), board, contender, said, score, wanted)


def _column(board: Board, wanted: Wanted) -> int:
    return board.positive if wanted.column is None else min(wanted.column, len(board.classes) - 1)


def _in_slice(codes: NDArray[np.uint8] | None, cut: int, part: int, count: int) -> NDArray[np.bool_]:
    if codes is None or cut >= len(codes):
        return np.zeros(count, bool)
    return np.asarray(codes[cut] == part)


def _ordered(
    rows: Rows, board: Board, contender: Contender, said: Rows, score: NDArray[np.float32], wanted: Wanted
) -> Rows:
    """Nearest to the score first where one was asked for; else the wrong ones first, the surest ahead."""
    if wanted.near is not None:
        return rows[np.argsort(np.abs(score[rows] - np.float32(wanted.near)), kind="stable")]
    if wanted.least is not None or wanted.below is not None:
        return rows[np.argsort(score[rows], kind="stable")]
    right = said[rows] == board.labels[rows]
    surety = contender.scores[rows, np.maximum(said[rows], 0)]
    return rows[np.lexsort((-surety, right))]


def in_words(board: Board, wanted: Wanted, cuts: list[dict[str, list[str]]]) -> str:
    """Say which images these are, for the gallery's heading."""
    words = []
    if wanted.label is not None:
        words.append(_("are %(name)s") % {"name": _name(board, wanted.label)})
    if wanted.said == NOT_SURE:
        words.append(_("not sure"))
    elif wanted.said is not None:
        words.append(_("said %(name)s") % {"name": _name(board, wanted.said)})
    if wanted.wrong:
        words.append(_("said wrongly"))
    words += _scores_in_words(board, wanted)
    if wanted.cut is not None and wanted.part is not None and wanted.cut < len(cuts):
        cut = cut_in_words(cuts[wanted.cut])
        parts = cut["slices"]
        words.append(f"{cut['name']}: {parts[wanted.part] if wanted.part < len(parts) else '?'}")
    if wanted.against is not None and (other := board.find(wanted.against)) is not None:
        sentence = _("where %(other)s is right and this one wrong, or the other way round")
        words.append(sentence % {"other": other.title})
    return ", ".join(words) or _("all test images")


def _scores_in_words(board: Board, wanted: Wanted) -> list[str]:
    mine = wanted.column in {None, board.positive}
    score = _("score") if mine else _("score for %(name)s") % {"name": _name(board, wanted.column or 0)}
    words = []
    if wanted.least is not None or wanted.below is not None:
        ends = {"low": fixed(wanted.least or 0, 2), "high": fixed(min(wanted.below or 1, 1), 2)}
        words.append(" ".join([score, _("%(low)s to %(high)s") % ends]))
    if wanted.near is not None:
        words.append(" ".join([score, _("near %(value)s") % {"value": fixed(wanted.near)}]))
    return words


def _name(board: Board, index: int) -> str:
    return board.classes[index] if index < len(board.classes) else _("no such class")
