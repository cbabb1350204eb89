"""Taking labels, images, models and results away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.files import whole_file, whole_table
from app.cli.options import As, DataDir, Json, Project
from app.cli.root import app
from app.cli.shell import Shell, find_project, opened_to_read, say, say_json
from app.errors import AppError, BadInputError

if TYPE_CHECKING:
    from app.transfer.portables import Format as Portable

FolderNames = Literal["class", "number"]
Format = Literal[
    "csv",
    "folders",
    "model",
    "safetensors",
    "onnx",
    "torch-export",
    "card",
    "report",
    "tensorboard",
    "mlflow",
    "wandb",
]


@dataclass(frozen=True)
class Asked:
    """What to write, and where."""

    project: str
    out: Path
    model: str
    folders: FolderNames
    email: str | None


Writer = Callable[[Shell, Asked], dict[str, Any]]
"""Writes one format and returns what there is to say of it."""


@app.command()
def export(  # noqa: PLR0913, PLR0917  the options of an export
    project: Project,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; a folder for training curves.")],
    format_: Annotated[Format, typer.Option("--format", metavar="FMT", help="One of the formats above.")] = "csv",
    folders: Annotated[FolderNames, typer.Option(help="Folders named by class, or by number.")] = "class",
    model: Annotated[str, typer.Option(help="Which classifier; default: the one in use, else the best.")] = "",
    as_: As = None,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write what leaves the project.

    \b
    csv           the labels, a line an image
    folders       the labelled images in class folders, as zip
    model         a classifier: safetensors, config and model card, as zip (also: safetensors)
    onnx          a classifier for onnxruntime; pictures go in as they are, uint8 RGB of any size
    torch-export  the same for torch.export.load
    card          the model card, as Markdown
    report        the newest bake-off as one HTML file that opens without a server
    tensorboard   all training curves as TensorBoard's event files
    mlflow        all bake-offs as MLflow runs, in OUT/mlflow.db
    wandb         all bake-offs as offline runs of Weights & Biases; wandb sync uploads them
    """  # noqa: D301  here it is no two characters, but the mark that keeps the lines as they are
    asked = Asked(project, out, model, folders, as_)
    with opened_to_read(data_dir) as shell:
        answer = WRITERS[format_](shell, asked)
    _say_written(out, answer, json=json)


@app.command()
def unclear(
    project: Project,
    csv: Annotated[Path, typer.Option("--csv", metavar="OUT", help="The file to write.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write the images that wait for a person, most useful first, with an empty column for the answers."""
    from app.transfer.service import write_unclear_csv  # noqa: PLC0415  `squint --help` needs none of it

    with opened_to_read(data_dir) as shell:
        project_id = _project_id(shell, project)
        with whole_table(csv) as text:
            count = write_unclear_csv(shell.database, project_id, text)
    _say_written(csv, {"images": count}, json=json)


def _project_id(shell: Shell, project: str) -> int:
    with shell.database.read() as session:
        return find_project(session, project).id


def _labels(shell: Shell, asked: Asked) -> dict[str, Any]:
    from app.transfer.service import write_labels_csv  # noqa: PLC0415

    project_id = _project_id(shell, asked.project)
    with whole_table(asked.out) as text:
        return {"images": write_labels_csv(shell.database, project_id, text)}


def _folders(shell: Shell, asked: Asked) -> dict[str, Any]:
    from app.transfer.service import export_folders  # noqa: PLC0415

    found = export_folders(shell.database, shell.settings, _project_id(shell, asked.project), asked.folders)
    with whole_file(asked.out) as temporary, temporary.open("wb") as file:
        file.writelines(found.parts)
    return {"images": found.count}


def _model(shell: Shell, asked: Asked) -> dict[str, Any]:
    from app.transfer.card_facts import gather  # noqa: PLC0415
    from app.transfer.card_text import card  # noqa: PLC0415
    from app.transfer.service import choose_classifier, prepare_model, write_model_zip  # noqa: PLC0415

    with shell.database.read() as session:
        project = find_project(session, asked.project)
        classifier = choose_classifier(session, project, asked.model)
        facts = gather(session, shell.settings, project, classifier)
    model = prepare_model(shell.settings, classifier)
    with whole_file(asked.out) as temporary, temporary.open("wb") as file:
        write_model_zip(model, facts.in_use_from, card(facts), file)
    return {"model": model.name, "threshold": facts.in_use_from}


def _card(shell: Shell, asked: Asked) -> dict[str, Any]:
    from app.transfer.card_facts import gather  # noqa: PLC0415
    from app.transfer.card_text import card  # noqa: PLC0415
    from app.transfer.service import choose_classifier  # noqa: PLC0415

    with shell.database.read() as session:
        project = find_project(session, asked.project)
        classifier = choose_classifier(session, project, asked.model)
        text = card(gather(session, shell.settings, project, classifier))
    with whole_file(asked.out) as temporary:
        temporary.write_text(text, "utf-8")
    return {"model": classifier.name}


def _portable(wanted: Portable) -> Writer:
    def write(shell: Shell, asked: Asked) -> dict[str, Any]:
        from app.cli.portable import write_portable  # noqa: PLC0415

        with whole_file(asked.out) as temporary:
            return write_portable(shell, asked.project, asked.email, asked.model, wanted, temporary)

    return write


def _report(shell: Shell, asked: Asked) -> dict[str, Any]:
    from app.transfer.report import write_report  # noqa: PLC0415

    project_id = _project_id(shell, asked.project)
    with whole_file(asked.out) as temporary:
        temporary.write_text(write_report(shell.database, shell.settings, project_id), "utf-8")
    return {}


def _curves(write_name: Literal["tensorboard", "mlflow", "wandb"]) -> Writer:
    def write(shell: Shell, asked: Asked) -> dict[str, Any]:
        from app.transfer.tracked import list_runs  # noqa: PLC0415
        from ml import tracking  # noqa: PLC0415
        from ml.errors import RunError  # noqa: PLC0415

        writers = {
            "tensorboard": tracking.write_tensorboard,
            "mlflow": tracking.write_mlflow,
            "wandb": tracking.write_wandb,
        }
        if asked.out.is_file():
            raise BadInputError(f"{asked.out} is a file; name a folder.")
        with shell.database.read() as session:
            runs = list_runs(session, find_project(session, asked.project))
        try:
            return {"runs": writers[write_name](runs, asked.out)}
        except RunError as error:
            raise AppError(str(error)) from error

    return write


WRITERS: dict[Format, Writer] = {
    "csv": _labels,
    "folders": _folders,
    "model": _model,
    "safetensors": _model,
    "onnx": _portable("onnx"),
    "torch-export": _portable("torch-export"),
    "card": _card,
    "report": _report,
    "tensorboard": _curves("tensorboard"),
    "mlflow": _curves("mlflow"),
    "wandb": _curves("wandb"),
}


def _say_written(out: Path, answer: dict[str, Any], *, json: bool) -> None:
    size = (
        sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        if out.is_dir()
        else out.stat().st_size
    )
    if json:
        say_json({"file": str(out), "bytes": size, **answer})
        return
    what = ""
    if "images" in answer:
        what = f" {answer['images']:,} images,"
    elif "model" in answer:
        what = f" the model {answer['model']},"
    elif "runs" in answer:
        what = f" {answer['runs']:,} runs,"
    say(f"{out}:{what} {size:,} bytes.")
    if answer.get("threshold") is not None:
        say(f"It carries the threshold with which it is in use, {answer['threshold']:g}.")
    if "latency_ms" in answer:
        say(
            f"Within {answer['difference']:.1e} of PyTorch on {answer['checked']} images; "
            f"{answer['latency_ms']:g} ms a picture, {answer['images_per_s']:,.0f} images/s in batches."
        )
