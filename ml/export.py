"""A trained model as ONNX and as a `torch.export` program, each held against PyTorch on real images.

Both take pictures as they are, uint8 `[N, H, W, 3]` of any size, and scale and normalise them themselves: whoever
uses them cannot do it in another way than the training did.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ml import rundir
from ml.data import normalise
from ml.errors import RunError
from ml.losses import probabilities
from ml.model_folder import ModelConfig
from ml.onnx_model import OnnxModel, describe
from ml.pixels import load_pack
from ml.portable import (
    BATCH,
    LARGEST_DIFFERENCE,
    ONNX,
    OPSET,
    PORTABLE,
    PROGRAM,
    Portable,
    PortableFile,
    PortablePlan,
)
from ml.predict import open_net
from ml.report import Reporter

Pictures = NDArray[np.uint8]
"""`[N, H, W, 3]`."""
Answer = Callable[[Pictures], NDArray[np.float32]]
AT_ONCE = 32
MEASURED_S = 1.0
"""How long latency and throughput are measured, each."""
FEWEST_CALLS = 10


class WholeNet(nn.Module):
    """The net with all that comes before and after it: pictures in, probabilities and the score out."""

    def __init__(self, net: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.net = net
        self.norm = config.norm
        self.side = config.input_size
        self.positive = config.positive

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return float32 `[N, K]` and `[N]` for uint8 `[N, H, W, 3]`."""
        seen = images.permute(0, 3, 1, 2).float() / 255
        # As `ml.data.Images` scales; a picture of the net's own size stays what it is.
        seen = F.interpolate(seen, (self.side, self.side), mode="bilinear", antialias=True)
        found = probabilities(self.net(normalise(seen, self.norm)))
        return found, found[:, self.positive]


def execute(run: Path) -> None:
    """Make and check the files that `run`'s plan describes; raise RunError with a sentence when one is wrong."""
    plan = PortablePlan.from_json((run / rundir.MANIFEST).read_text("utf-8"))
    reporter = Reporter(5)
    reporter.advance("opening the model", 0)
    net, config = open_net(Path(plan.model))
    whole = WholeNet(net, config).eval()
    pictures = _pictures(Path(plan.pack), plan.rows)
    reporter.advance("tracing the net", 1)
    program = _trace(whole, config)
    with torch.inference_mode():
        wanted = _in_parts(lambda part: whole(torch.from_numpy(part))[0].numpy(), pictures)
    reporter.advance("writing ONNX", 1)
    told = {**describe(config), **plan.about}
    _write_onnx(program, config, told, run / ONNX)
    reporter.advance(f"checking ONNX on {len(pictures)} images", 1)
    model = OnnxModel(run / ONNX)
    onnx_file = _checked(run / ONNX, "ONNX", wanted, _in_parts(model.probabilities, pictures))
    reporter.advance("writing and checking torch.export", 1)
    program_file = _write_program(program, told, run / PROGRAM, wanted, pictures)
    reporter.advance("measuring on this processor", 1)
    made = Portable(
        onnx_file, program_file, len(pictures), OPSET, *_measure(model, pictures), list(pictures.shape[1:3]),
        threads=os.cpu_count() or 1, versions=_versions(),
    )  # fmt: skip
    rundir.write_text(run / PORTABLE, made.to_json())
    rundir.write_text(run / rundir.DONE, "")


def _pictures(pack: Path, rows: list[int]) -> Pictures:
    try:
        found = np.ascontiguousarray(load_pack(pack)[rows])
    except (OSError, ValueError, IndexError) as error:
        raise RunError("The packed images to check the files on are gone; please start it again.") from error
    return np.repeat(found, 3, axis=3) if found.shape[3] == 1 else found


def _in_parts(answer: Answer, pictures: Pictures) -> NDArray[np.float32]:
    parts = [answer(pictures[start : start + AT_ONCE]) for start in range(0, len(pictures), AT_ONCE)]
    return np.concatenate(parts)


def _dynamic() -> dict[str, dict[int, Any]]:
    return {"images": {0: Dim("batch"), 1: Dim("height"), 2: Dim("width")}}


def _trace(whole: WholeNet, config: ModelConfig) -> ExportedProgram:
    # No side of the example may be 1 or equal another: it would be taken for a constant.
    example = torch.zeros((3, 31, 27, 3), dtype=torch.uint8)
    try:
        with torch.inference_mode():
            program = torch.export.export(whole, (example,), dynamic_shapes=_dynamic())
    except Exception as error:
        raise RunError(f"{config.title} cannot be traced by torch.export; the log tells why.") from error
    for node in program.graph.nodes:
        # Where in which source file it came from: of no use elsewhere, and not ours to tell.
        node.meta.pop("stack_trace", None)
    return program


def _write_onnx(program: ExportedProgram, config: ModelConfig, told: dict[str, str], target: Path) -> None:
    made = torch.onnx.export(
        program, dynamo=True, opset_version=OPSET, input_names=["images"], verbose=False,
        output_names=["probabilities", "score"], dynamic_shapes=_dynamic(),
    )  # fmt: skip
    if made is None:
        raise RunError(f"{config.title} cannot be written as ONNX; the log tells why.")
    for node in made.model.graph.all_nodes():
        node.metadata_props.clear()
    made.model.metadata_props.update(told)
    with rundir.atomic_path(target) as temporary:
        made.save(str(temporary), external_data=False)


def _write_program(
    program: ExportedProgram,
    told: dict[str, str],
    target: Path,
    wanted: NDArray[np.float32],
    pictures: Pictures,
) -> PortableFile:
    with rundir.atomic_path(target) as temporary, temporary.open("wb") as stream:
        torch.export.save(program, stream, extra_files=dict(told))
    with target.open("rb") as stream:
        net = torch.export.load(stream).module()
    with torch.inference_mode():
        found = _in_parts(lambda part: net(torch.from_numpy(part))[0].numpy(), pictures)
    return _checked(target, "torch.export", wanted, found)


def _checked(file: Path, title: str, wanted: NDArray[np.float32], found: NDArray[np.float32]) -> PortableFile:
    difference = float(np.abs(found - wanted).max())
    if not difference <= LARGEST_DIFFERENCE:
        file.unlink()
        raise RunError(
            f"The {title} file differs from PyTorch by {difference:.2g} on a real image, "
            f"more than {LARGEST_DIFFERENCE:g}; it was not kept."
        )
    return PortableFile(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size, difference)


def _measure(model: OnnxModel, pictures: Pictures) -> tuple[float, float]:
    """Return the median milliseconds of a call with one picture, and images a second with `BATCH` of them."""
    one = pictures[:1]
    many = pictures[np.resize(np.arange(len(pictures)), BATCH)]
    latency_s = float(np.median(_seconds(lambda: model.probabilities(one))))
    throughput = BATCH / float(np.median(_seconds(lambda: model.probabilities(many))))
    return round(latency_s * 1000, 3), round(throughput, 1)


def _seconds(call: Callable[[], object]) -> list[float]:
    call()  # the first one prepares what the others find ready
    taken: list[float] = []
    until = time.perf_counter() + MEASURED_S
    while len(taken) < FEWEST_CALLS or time.perf_counter() < until:
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def _versions() -> dict[str, str]:
    import onnx  # noqa: PLC0415  slow to import
    import onnxruntime  # noqa: PLC0415

    return {
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "processor": platform.processor() or platform.machine(),
    }
