"""What a model card says, from its facts: what was measured and on what, and nothing that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.transfer.card import SURE, CardFacts, ErrorFacts, Findings
from app.transfer.documents import Bullets, Code, Paragraph, Section, Table, markdown
from ml.metrics import REPORT_THRESHOLD
from ml.portable import LARGEST_DIFFERENCE, Portable
from ml.zoo import is_taught_by_gradient

NAMES = {
    "f1": "F1", "eer": "equal error rate", "eer_threshold": "threshold of the equal error rate",
    "auc": "area under the ROC", "ece": "expected calibration error", "mcc": "Matthews correlation",
    "brier": "Brier score",
}  # fmt: skip
CALIBRATION = {"ece", "brier"}
PRESETS = {"own": "Squint's own", "report": "the founding report's"}
OF_THE_MACHINE = {"checkpoint_every_s", "threads", "processes"}
"""Settings that make the training quick or safe, and no other model of it."""
IN_PYTHON = """from ml.predict import load_model

model = load_model("{name}.zip")
print(model.score(["picture.png"]))"""
IN_ONNX = """import numpy as np, onnxruntime
from PIL import Image

model = onnxruntime.InferenceSession("{name}.onnx")
picture = np.asarray(Image.open("picture.png").convert("RGB"))[None]
probabilities, score = model.run(None, {{"images": picture}})"""
UNSEEN = """Every image gets one of these classes, also one that shows none of them: nothing here tells these
apart."""
SHORTCUTS = """The test part comes from the same collections as the training part. Where these differ in more than
the class (camera, crop, person), the model may have learnt that instead, and no figure here would show it.
Judge it on images from elsewhere first: squint evaluate."""
FAIRNESS = "Not judged for fairness between groups of people, nor for decisions about people."
RIGHTS = """The code that trained it, Squint, is AGPL-3.0-or-later. The rights in the images are their owners';
Squint does not know them."""
YOLO = """The net is ultralytics' YOLO, which ultralytics licenses as AGPL-3.0, models made with it included,
or by contract."""
PRETRAINED = """It began from weights that others trained, most likely on ImageNet, whose terms allow research
and not every commerce; look at their licence."""


def card(facts: CardFacts) -> str:
    """Return the card as Markdown."""
    return markdown(facts.card_title, sections(facts))


def sections(facts: CardFacts) -> list[Section]:
    found = [
        _use(facts), _data(facts), _quality(facts), _threshold(facts), _failures(facts), _training(facts),
        _cost(facts), _limits(facts), _licence(facts),
    ]  # fmt: skip
    return [section for section in found if section.blocks]


def _use(facts: CardFacts) -> Section:
    side = facts.config["input_size"]
    blocks: list[Any] = [
        Paragraph(f"""An image classifier. Classes, in the order of the outputs: {", ".join(facts.class_names)}.
            The score of an image is the probability, 0 to 1, that it shows {facts.positive}."""),
        Code("sh", f"squint predict {facts.name}.zip picture.png"),
        Code("python", IN_PYTHON.format(name=facts.name)),
    ]
    if facts.made:
        blocks += [
            Paragraph("""The ONNX file needs neither Squint nor PyTorch. It takes pictures as they are, uint8
                RGB of any size; scaling and normalisation are inside:"""),
            Code("python", IN_ONNX.format(name=facts.name)),
        ]
    blocks.append(
        Paragraph(f"""Elsewhere: model.safetensors holds the weights (sha256 {facts.config["sha256"]}),
            config.json how pictures are scaled ({side} × {side} pixels) and normalised. Grey pictures count as
            three equal channels.""")
    )
    return Section("Use", blocks)


def _data(facts: CardFacts) -> Section:
    blocks: list[Any] = []
    if facts.classes:
        rows = [
            [c.name, f"{c.by_people:,}", f"{c.accepted:,}", f"{c.by_people + c.accepted:,}"]
            for c in facts.classes
        ]
        blocks.append(Table(["class", "by people or imported", "accepted from labelers", "all"], rows))
    if accepted := sum(c.accepted for c in facts.classes):
        blocks.append(
            Paragraph(f"""{accepted:,} of these labels are the word of other models, accepted because they were
                sure. Nobody has looked at each of them; some are wrong, and this model was trained and judged
                on them too.""")
        )
    if splits := facts.report.get("splits", {}):
        answered = f"{_people(facts.people)} answered in this project."
        blocks.append(Paragraph(f"{_judged_how(facts, splits)} {answered}"))
    if image_set := facts.report.get("image_set"):
        manifest = facts.report.get("manifest_sha256", "unknown")
        blocks.append(Paragraph(f"Image set {image_set}, frozen manifest {manifest}."))
    return Section("Data", blocks)


def _judged_how(facts: CardFacts, splits: Mapping[str, int]) -> str:
    train, val, test = (f"{splits.get(part, 0):,}" for part in ("train", "val", "test"))
    groups = f"{facts.report.get('test_groups', 0):,}"
    learnt = f"{train} images trained the model and {val} chose its epoch."
    if folds := facts.report.get("folds"):
        return f"""{learnt} It was judged by {folds} folds: {test} images in {groups} groups, each scored by a
            model of the same kind that had seen nothing of its group; the figures are those models', not this
            one's own."""
    return f"{learnt} {test} others in {groups} groups judged it. Images of one group never part."


def _people(count: int) -> str:
    return {0: "Nobody", 1: "One person"}.get(count, f"{count} people")


def _quality(facts: CardFacts) -> Section:
    blocks: list[Any] = []
    if figures := _known(facts.metrics.get("figures", {})):
        at = f" Where a threshold matters, it is {REPORT_THRESHOLD}." if facts.two_classes else ""
        blocks += [
            Paragraph(f"""On the test images, which chose no epoch, no threshold and no model. Intervals:
                95 %, by bootstrap over whole groups; they tell of the number of test images, not of other
                images or wrong labels.{at}"""),
            Table(
                ["figure", "value", "95 %"],
                [[NAMES.get(n, n.replace("_", " ")), f"{f['value']:.4f}", _interval(f)] for n, f in figures],
            ),
        ]
    if facts.errors:
        blocks.append(_class_table(facts, facts.errors))
    human = facts.metrics.get("human")
    if human and human["images"] < facts.report.get("splits", {}).get("test", 0):
        told = [
            f"{NAMES.get(n, n)} {f['value']:.4f} ({_interval(f)})"
            for n, f in _known(human["figures"])
            if n in {"accuracy", "eer"}
        ]
        blocks.append(
            Paragraph(f"""On the {human["images"]:,} test images with a person's own label, which are seeds and
                the ones that were hard to tell: {", ".join(told)}.""")
        )
    return Section("How good it is", blocks)


def _class_table(facts: CardFacts, errors: ErrorFacts) -> Table:
    """With intervals where the bake-off has them."""
    measured = facts.metrics.get("per_class") or [{} for _ in facts.class_names]
    rows = []
    for name, row, figures in zip(facts.class_names, errors.per_class, measured, strict=True):
        cells = [
            f"{row[part]:.4f}" + (f" ({_interval(figures[part])})" if part in figures else "")
            for part in ("precision", "recall", "f1")
        ]
        rows.append([name, *cells, f"{int(row['support']):,}"])
    return Table(["class", "precision", "recall", "F1", "test images"], rows)


def _known(figures: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    return [(name, f) for name, f in figures.items() if isinstance(f, Mapping) and f.get("value") is not None]


def _interval(figure: Mapping[str, float]) -> str:
    if figure.get("low") is None or figure.get("high") is None:
        return ""
    return f"{figure['low']:.4f} to {figure['high']:.4f}"


def _threshold(facts: CardFacts) -> Section:
    if not facts.two_classes:
        return Section("What it decides", [Paragraph("The most probable class; there is no threshold.")])
    positive, figures = facts.positive, facts.metrics.get("figures", {})
    other = next(name for name in facts.class_names if name != positive)
    blocks = [
        Paragraph(f"""A score of {REPORT_THRESHOLD} or more is called {positive}, anything below {other}.
            {REPORT_THRESHOLD} is the founding report's and was not tuned; raise it to let fewer {other}
            through, lower it to miss fewer {positive}.""")
    ]
    if facts.in_use_from is not None:
        chosen = f"""The project uses it with {facts.in_use_from:g}, which a person chose. Its zip and its
            ONNX file carry that, and squint predict and evaluate go by it."""
        blocks.append(Paragraph(chosen))
    if (equal := figures.get("eer_threshold", {}).get("value")) is not None:
        blocks.append(
            Paragraph(f"""At {equal:.3f} as large a share of {positive} is missed as of {other} is let through.
                That was read off the test part: it gives an idea, and was not chosen beforehand.""")
        )
    calibrated = "How far a score may be read as a frequency is told by the calibration figures above."
    unknown = "Whether 0.9 means nine of ten was not measured: read scores as an order."
    blocks.append(Paragraph(calibrated if CALIBRATION & set(figures) else unknown))
    return Section("What the threshold means", blocks)


def _failures(facts: CardFacts) -> Section:
    lines = list(_failure_lines(facts.class_names, facts.errors)) if facts.errors else []
    lines += _finding_lines(facts.findings)
    return Section("Known failures", [Bullets(lines)] if lines else [])


def _failure_lines(names: list[str], errors: ErrorFacts) -> Iterator[str]:
    places = range(len(names))
    cells = [(errors.matrix[i][j], i, j) for i in places for j in places if i != j]
    yield f"{sum(n for n, _, _ in cells):,} of {sum(map(sum, errors.matrix)):,} test images are judged wrong."
    for count, label, said in sorted(cells, reverse=True)[:3]:
        if count:
            yield f"{count:,} of {sum(errors.matrix[label]):,} {names[label]} are called {names[said]}."
    if errors.sure_and_wrong:
        yield f"""{errors.sure_and_wrong:,} of the wrong ones are said with a probability of {SURE} or more;
            with some of these it may be the label that is wrong."""
    for source, (wrong, of) in sorted(errors.by_source.items(), key=lambda item: -item[1][0] / item[1][1]):
        yield f"Where the label is from {source}, it differs on {wrong:,} of {of:,} ({wrong / of:.1%})."


def _finding_lines(found: Findings) -> Iterator[str]:
    for name, wrong, of in found.worse:
        yield f"""Worse than on the rest by more than chance explains: {wrong:,} of {of:,} wrong
            ({wrong / of:.1%}) in the slice {name}."""
    if found.cuts and not found.worse:
        yield f"""Cut by {", ".join(found.cuts)}, no part was found worse than the rest by more than chance
            explains: it may still be."""
    if found.suspects:
        yield f"""{found.suspects:,} of the test labels are in doubt, since models that had not learnt from them
            say otherwise with confidence: either side may be wrong."""


def _training(facts: CardFacts) -> Section:
    trained, report = facts.trained, facts.report
    environment = report.get("environment", {})
    starts = {"scratch": "from scratch", "pretrained": "from pretrained weights"}
    start = starts.get(trained.get("weights", ""), "")
    if trained.get("from_pile"):
        start = "from what the project's own images teach without labels"
    by_gradient = is_taught_by_gradient(facts.config["name"])
    lines = [
        f"{facts.title}, trained {start}.".replace(" .", "."),
        f"Settings: {PRESETS.get(report['preset'], report['preset'])}." if report.get("preset") else "",
        f"Best epoch: {trained['best_epoch']}, by the validation loss."
        if by_gradient and trained.get("best_epoch")
        else "",
        f"Seed: {trained.get('seed', report.get('seed', 0))}.",
        f"Code: squint {trained.get('code_version') or environment.get('code', 'unknown')}.",
        f"Environment: {', '.join(f'{k} {v}' for k, v in environment.items() if k != 'code')}."
        if environment
        else "",
        *(note for note in report.get("notes", []) if _concerns(note, facts.title)),
    ]
    blocks: list[Any] = [Bullets([line for line in lines if line])]
    if by_gradient and (settings := trained.get("settings")):
        rows = [
            [name.replace("_", " "), str(value)] for name, value in settings.items() if name not in OF_THE_MACHINE
        ]
        blocks.append(Table(["setting", "value"], rows))
    return Section("Training", blocks)


def _concerns(note: str, title: str) -> bool:
    """Whether a bake-off's note is of this model, or of all of them."""
    titles, colon, _what = note.partition(": ")
    return not colon or "folds" in titles or title in titles.split(" and ")


def _cost(facts: CardFacts) -> Section:
    trained = facts.trained
    lines = [
        f"{trained['parameters']:,} parameters." if trained.get("parameters") else "",
        f"{facts.bytes / 1e6:,.1f} MB as safetensors." if facts.bytes else "",
        f"Trained in {trained['seconds']:,.0f} s." if trained.get("seconds") else "",
        *(_portable_lines(facts.made) if facts.made else []),
    ]
    return Section("Cost", [Bullets([line for line in lines if line])] if any(lines) else [])


def _portable_lines(made: Portable) -> Iterator[str]:
    height, width = made.picture
    yield f"""ONNX, {made.onnx.bytes / 1e6:,.1f} MB, opset {made.opset}: {made.latency_ms:g} ms for one picture of
        {width} × {height} (median), {made.images_per_s:,.0f} images a second in batches, by onnxruntime
        {made.versions.get("onnxruntime", "")} on {made.threads} cores ({made.versions.get("processor", "")}),
        measured once, beside whatever else that machine did."""
    yield f"""Against PyTorch {made.versions.get("torch", "")} in float32 on {made.checked} real images of the
        project the largest difference of a probability is {made.onnx.difference:.1e} for ONNX and
        {made.program.difference:.1e} for torch.export; above {LARGEST_DIFFERENCE:g} neither is handed out."""


def _limits(facts: CardFacts) -> Section:
    *others, last = facts.class_names
    use = f"Made to tell {', '.join(others)} and {last} apart on images like those of this project."
    return Section("Intended use, and what it is not for", [Bullets([use, UNSEEN, SHORTCUTS, FAIRNESS])])


def _licence(facts: CardFacts) -> Section:
    lines = [RIGHTS]
    if facts.name.startswith("yolo"):
        lines.append(YOLO)
    if facts.trained.get("weights") == "pretrained":
        lines.append(PRETRAINED)
    return Section("Licence", [Bullets(lines)])
