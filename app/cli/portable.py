"""ONNX and torch.export from a shell: made by a job where they are not there yet."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.shell import Shell, acting_user, find_project, project_for
from app.cli.waiting import wait_for

if TYPE_CHECKING:
    from app.transfer.portables import Format


def write_portable(
    shell: Shell, project: str, email: str | None, model: str, wanted: Format, out: Path
) -> dict[str, Any]:
    """Write the file of the named classifier, else of the one in use, else of the best; return what is known."""
    from app.transfer.portables import find_made, get_file  # noqa: PLC0415  `squint --help` needs none of it
    from app.transfer.service import choose_classifier  # noqa: PLC0415

    with shell.database.read() as session:
        classifier = choose_classifier(session, find_project(session, project), model)
        there = find_made(session, shell.settings, classifier) is not None
    if not there:
        wait_for(shell, _start(shell, project, email, classifier.id))
    with shell.database.read() as session:
        made = find_made(session, shell.settings, classifier)
        file = get_file(session, shell.settings, classifier, wanted)
    assert made is not None  # noqa: S101  get_file would have said so
    with out.open("w+b") as stream:
        file.write(stream)
    found = made.onnx if wanted == "onnx" else made.program
    measured = {"latency_ms": made.latency_ms, "images_per_s": made.images_per_s, "checked": made.checked}
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    return {"model": classifier.name, "opset": made.opset, "sha256": digest, "difference": found.difference,
            **measured, "threshold": file.threshold}  # fmt: skip


def _start(shell: Shell, project: str, email: str | None, classifier_id: int) -> str:
    from app.models import Role  # noqa: PLC0415
    from app.transfer.portables import start_export  # noqa: PLC0415
    from app.transfer.queries import get_classifier  # noqa: PLC0415

    with shell.database.write() as session:
        user = acting_user(session, email)
        found = project_for(session, project, user, Role.ENGINEER)
        classifier = get_classifier(session, found.id, classifier_id)
        return start_export(session, shell.settings, found, user.id, classifier).id
