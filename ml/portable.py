"""A model as files for programs that know nothing of Squint: what to make, and what came of it. No torch."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from typing import IO, Any

ONNX, PROGRAM = "model.onnx", "model.pt2"
PORTABLE = "portable.json"
OPSET = 18
"""The oldest in which the picture can be scaled as in training (`Resize` with `antialias`)."""
LARGEST_DIFFERENCE = 1e-3
"""A file whose probabilities lie farther from PyTorch's, on one picture only, is not handed out."""
CHECKED = 256
"""Real images, at most, on which a file is held against PyTorch."""
BATCH = 64
"""Images a call when the throughput is measured."""


THRESHOLD = "threshold"
"""What a file calls the threshold with which people use it, among what it says of itself."""


def saying_threshold(threshold: float) -> bytes:
    """Return what to put behind the bytes of an ONNX file, so that it says its threshold.

    A file is one protobuf message, and of two messages one behind the other the lists are joined: here
    `ModelProto.metadata_props`, whose entries are a key and a value.
    """
    return _field(14, _field(1, THRESHOLD.encode()) + _field(2, repr(threshold).encode()))


def _field(number: int, content: bytes) -> bytes:
    """Fewer than 128 bytes, so that their number is one byte."""
    return bytes([number << 3 | 2, len(content)]) + content


def add_threshold(program: IO[bytes], threshold: float) -> None:
    """Add the threshold to a `.pt2`, a zip, among its extra files; `torch.export.load` gives them all back."""
    with zipfile.ZipFile(program, "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/extra/{THRESHOLD}", repr(threshold))


@dataclass(frozen=True)
class PortablePlan:
    """`manifest.json` in the folder of an `export` run."""

    model: str
    """The trained model's folder."""
    pack: str
    """The folder of the images to check the files on."""
    rows: list[int]
    """Which rows of the pack."""
    about: dict[str, str] = field(default_factory=dict)
    """What else the files are to say of themselves."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> PortablePlan:
        return cls(**json.loads(text))


@dataclass(frozen=True)
class PortableFile:
    """A file, and how far it is from PyTorch's own answers in float32."""

    name: str
    sha256: str
    bytes: int
    difference: float
    """Largest absolute difference of a probability."""


@dataclass(frozen=True)
class Portable:
    """`portable.json`: written last, so that all files are there."""

    onnx: PortableFile
    program: PortableFile
    """Of `torch.export`."""
    checked: int
    """Real images that both were held against."""
    opset: int
    latency_ms: float
    """One picture at a time by onnxruntime on the CPU: the median call."""
    images_per_s: float
    """By onnxruntime on the CPU, `BATCH` pictures a call."""
    picture: list[int]
    """Height and width of the pictures that were timed."""
    threads: int
    versions: dict[str, str]
    """Of torch, onnx and onnxruntime, and the processor that was timed."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Portable:
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Portable:
        files = {name: PortableFile(**data[name]) for name in ("onnx", "program")}
        return cls(**{**data, **files})
