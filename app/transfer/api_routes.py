"""`POST /api/predict`: pictures in, scores out, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.db import DatabaseDep, LetGoDep, ReadSessionDep
from app.security import SettingsDep
from app.transfer.answerer import Answerer
from app.transfer.asking import MOST_BYTES, Asker, AskerDep, Rates, read_pictures
from app.transfer.chosen import Answering, get_answering
from app.transfer.tokens import note_use

router = APIRouter(prefix="/api", max_body_size=MOST_BYTES)
rates = Rates()


@router.post("/predict")
async def predict(
    request: Request,
    asker: AskerDep,
    session: ReadSessionDep,
    let_go: LetGoDep,
    database: DatabaseDep,
    settings: SettingsDep,
    model: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Score pictures by the project's chosen classifier, or by the named one of its newest bake-off."""
    rates.count(asker.key)
    answering = await to_thread.run_sync(get_answering, session, settings, asker.project, model)
    let_go()
    pictures = await read_pictures(request)
    answerer: Answerer = request.app.state.answerer
    answers = await answerer.ask(answering.file, [data for _, data in pictures])
    if (token_id := asker.token_id) is not None:
        await database.change(lambda session: note_use(session, token_id))
    rows = [_row(answering, name, said) for (name, _), said in zip(pictures, answers, strict=True)]
    unreadable = all("error" in row for row in rows)
    told = {"error": rows[0]["error"]} if unreadable else {}
    return JSONResponse({**told, **_head(answering, asker), "predictions": rows}, 422 if unreadable else 200)


def _head(answering: Answering, asker: Asker) -> dict[str, Any]:
    classifier = answering.classifier
    return {
        "project": asker.project.name,
        "model": classifier.name,
        "bakeoff": answering.bakeoff,
        "sha256": classifier.sha256,
        "classes": answering.classes,
        "positive": answering.classes[answering.positive],
        "threshold": answering.threshold if len(answering.classes) == 2 else None,
    }


def _row(answering: Answering, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a picture got: the decision is by the threshold for two classes, else the most probable class."""
    row: dict[str, Any] = {"filename": name} if name else {}
    if "problem" in said:
        return {**row, "error": said["problem"]}
    scores: list[float] = said["probabilities"]
    score = scores[answering.positive]
    best = max(range(len(scores)), key=scores.__getitem__)
    if len(scores) == 2:
        best = answering.positive if score >= answering.threshold else 1 - answering.positive
    return {
        **row,
        "label": answering.classes[best],
        "score": score,
        "scores": dict(zip(answering.classes, scores, strict=True)),
    }
