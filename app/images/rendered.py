"""Eyes drawn by rule: what the demo and the tests label, since real people's eyes are not ours to ship.

Grey, 24 × 24 pixels, two to a face: open, closed, and half-closed ones between them that people argue about; some
blurred, dark, noisy or with glare. The same seed gives the same eyes.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIZE = 24
FINE = 2
"""Drawn so many times larger, then scaled down: soft edges."""
OPEN_FROM = 0.24
"""How far the lids must part for an eye to count as open."""
GROUP_PATTERN = r"(face\d+)_"
"""Finds the face in a file name."""

Grid = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Eye:
    """What one eye looks like. Lengths in half image widths, tones 0 (black) to 1 (white)."""

    openness: float
    """0 closed, 1 wide open."""
    gaze: tuple[float, float]
    width: float
    height: float
    centre: tuple[float, float]
    tilt: float
    iris: float
    iris_tone: float
    white: float
    skin: float
    lashes: float
    crease: float
    brow: float
    """Height of the eyebrow above the eye; beyond 1 it is outside."""
    light: float
    """Slope of the light from the nose's side outwards."""
    socket: float
    """Depth of the shadow between eye and brow."""
    mirrored: bool = False

    @property
    def label(self) -> str:
        return "open" if self.openness >= OPEN_FROM else "closed"


@dataclass(frozen=True)
class Photo:
    """How the camera saw it."""

    blur: float
    noise: float
    exposure: float
    contrast: float
    glare: float
    quality: int


def write_eyes_zip(path: Path, count: int, seed: int, labels_csv: Path | None = None) -> list[tuple[str, str]]:
    """Write `count` eyes as PNG into a zip; return (file name, `open` or `closed`) of each.

    `labels_csv`: also write these labels there, header `filename,label`.
    """
    labels: list[tuple[str, str]] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, label, picture in render_eyes(count, seed):
            stream = io.BytesIO()
            picture.save(stream, "PNG")
            archive.writestr(zipfile.ZipInfo(name), stream.getvalue())
            labels.append((name, label))
    if labels_csv:
        with labels_csv.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("filename", "label"), *labels])
    return labels


def render_eyes(count: int, seed: int) -> Iterator[tuple[str, str, Image.Image]]:
    """Yield file name, label and picture; the names of a face's two eyes begin alike."""
    random = np.random.default_rng(seed)
    for index in range(count):
        if index % 2 == 0:
            eye, photo = draw_face(random), draw_photo(random)
        else:
            eye = replace(_other(eye, random), mirrored=True)
        side = "right" if index % 2 else "left"
        yield f"face{index // 2 + 1:04d}_{side}.png", eye.label, photograph(paint(eye, random), photo, random)


def draw_face(random: Random) -> Eye:
    """Draw by lot what a person's left eye looks like at one moment."""
    height = random.uniform(0.36, 0.58)
    return Eye(
        openness=_openness(random),
        gaze=(random.normal(0, 0.16), random.normal(0, 0.08)),
        width=random.uniform(0.68, 0.92),
        height=height,
        centre=(random.normal(0, 0.07), random.normal(0.08, 0.09)),
        tilt=random.normal(0, 0.12),
        iris=height * random.uniform(0.62, 0.8),
        iris_tone=random.uniform(0.06, 0.36),
        white=random.uniform(0.45, 0.8),
        skin=random.uniform(0.36, 0.74),
        lashes=random.uniform(0.4, 1.0),
        crease=random.uniform(0.0, 0.3),
        brow=random.uniform(0.62, 1.25),
        light=random.normal(0, 0.2),
        socket=random.uniform(0.1, 0.6),
    )


def _openness(random: Random) -> float:
    kind = random.random()
    if kind < 0.44:
        return random.uniform(0.0, 0.06)
    return random.uniform(0.1, 0.4) if kind < 0.58 else random.uniform(0.45, 1.0)


def _other(eye: Eye, random: Random) -> Eye:
    """The same face's other eye: alike, not the same."""
    winks = random.random() < 0.03
    return replace(
        eye,
        openness=_openness(random) if winks else max(0.0, eye.openness * random.uniform(0.9, 1.1)),
        gaze=(-eye.gaze[0], eye.gaze[1]),
        centre=(eye.centre[0] + random.normal(0, 0.05), eye.centre[1] + random.normal(0, 0.05)),
        tilt=eye.tilt + random.normal(0, 0.06),
        light=-eye.light,
        brow=eye.brow + random.normal(0, 0.05),
    )


def draw_photo(random: Random) -> Photo:
    """Draw by lot how good the picture is; about one in three is bad in some way."""
    dark = random.random() < 0.09
    return Photo(
        blur=random.uniform(0.9, 1.6) if random.random() < 0.15 else random.uniform(0.35, 0.7),
        noise=random.uniform(0.04, 0.08) if random.random() < 0.1 else random.uniform(0.005, 0.025),
        exposure=random.uniform(0.35, 0.55) if dark else random.uniform(0.75, 1.2),
        contrast=random.uniform(0.75, 1.2),
        glare=random.uniform(0.4, 0.9) if random.random() < 0.07 else 0.0,
        quality=int(random.integers(55, 96)),
    )


def paint(eye: Eye, random: Random) -> Grid:
    """Return the eye's tones, `[SIZE · FINE, SIZE · FINE]`, before the camera."""
    x, y = _axes(eye)
    tones = eye.skin * (1 + eye.light * x - 0.1 * y) + 0.065 * _clouds(random)
    arch = np.clip(1 - (x / eye.width) ** 2, 0, None)
    upper = -eye.openness * eye.height * arch**0.75 + 0.18 * (1 - eye.openness) * eye.height * arch
    lower = 0.42 * eye.height * (0.45 + 0.55 * eye.openness) * arch
    upper = np.minimum(upper, lower)
    inside = _edge(y - upper) * _edge(lower - y) * (arch > 0)
    socket = np.exp(-(((y + 0.3) / 0.45) ** 2) - ((x - 0.3) / 1.1) ** 2)
    tones = tones - eye.socket * eye.skin * socket
    tones -= eye.crease * np.exp(-(((y - upper + 0.24) / 0.055) ** 2)) * (arch > 0) * arch**0.3
    tones -= 0.1 * np.exp(-(((y - lower - 0.12) / 0.06) ** 2)) * (arch > 0)
    tones = tones * (1 - inside) + _eyeball(eye, x, y, upper) * inside
    tones -= 0.75 * eye.lashes * _lash_line(eye, x, y, upper, lower, arch, random)
    brow = np.exp(-(((y + eye.brow + 0.12 * x**2) / 0.11) ** 2)) * _edge(0.95 - np.abs(x), 0.2)
    return tones - 0.4 * eye.skin * brow * (0.85 + 0.3 * _clouds(random))


def _axes(eye: Eye) -> tuple[Grid, Grid]:
    """Coordinates in which the eye lies level at the origin; y grows downwards."""
    line = np.linspace(-1, 1, SIZE * FINE)
    x, y = np.meshgrid(-line if eye.mirrored else line, line)
    x, y = x - eye.centre[0], y - eye.centre[1]
    return x * np.cos(eye.tilt) + y * np.sin(eye.tilt), y * np.cos(eye.tilt) - x * np.sin(eye.tilt)


def _edge(distance: Grid, softness: float = 0.03) -> Grid:
    """0 outside, 1 inside, soft between."""
    step: Grid = np.clip(distance / softness * 0.5 + 0.5, 0, 1)
    return step


def _eyeball(eye: Eye, x: Grid, y: Grid, upper: Grid) -> Grid:
    distance = np.hypot(x - eye.gaze[0], y - eye.gaze[1])
    ball = eye.white * (1 - 0.35 * (x / eye.width) ** 2)
    iris = _edge(eye.iris - distance, 0.06)
    ring = np.where(distance > 0.45 * eye.iris, eye.iris_tone, 0.03)
    ball = ball * (1 - iris) + ring * iris
    highlight = np.hypot(x - eye.gaze[0] - 0.1, y - eye.gaze[1] + 0.12)
    ball = ball + 0.6 * _edge(0.07 - highlight, 0.06)
    shade: Grid = ball * (1 - 0.5 * np.exp(-(((y - upper) / 0.13) ** 2)))
    return shade


def _lash_line(eye: Eye, x: Grid, y: Grid, upper: Grid, lower: Grid, arch: Grid, random: Random) -> Grid:
    """Dark where the upper lid ends; on a closed eye the lashes hang down from it."""
    line = np.where(eye.openness > 0.08, upper, lower)
    thick = 0.05 + 0.03 * random.random()
    dark = np.exp(-(((y - line) / thick) ** 2))
    hang = 0.16 if eye.openness < 0.1 else -0.1
    hairs = 0.5 + 0.5 * np.sin(x * random.uniform(28, 40) + random.uniform(0, 6))
    reach = _edge((y - line) * np.sign(hang)) * _edge(abs(hang) - (y - line) * np.sign(hang))
    lashes: Grid = np.clip(dark + 0.35 * hairs * reach, 0, 1) * _edge(arch, 0.1)
    return lashes


def _clouds(random: Random) -> Grid:
    """Slow random tones, about -1 to 1: no skin is even."""
    coarse = Image.fromarray(random.normal(0, 1, (6, 6)).astype(np.float32))
    return np.asarray(coarse.resize((SIZE * FINE, SIZE * FINE), Image.Resampling.BICUBIC), dtype=np.float64)


def photograph(tones: Grid, photo: Photo, random: Random) -> Image.Image:
    """Return what the camera makes of it: `SIZE` × `SIZE`, grey."""
    seen = ((tones - 0.5) * photo.contrast + 0.5) * photo.exposure
    if photo.glare:
        line = np.linspace(-1, 1, SIZE * FINE)
        x, y = np.meshgrid(line - random.normal(0, 0.5), line - random.normal(0, 0.4))
        seen = seen + photo.glare * np.exp(-((x + 0.6 * y) ** 2) / 0.08 - y**2 / 0.9)
    large = Image.fromarray((np.clip(seen, 0, 1) * 255).astype(np.uint8))
    small = large.filter(ImageFilter.GaussianBlur(photo.blur * FINE)).resize((SIZE, SIZE), Image.Resampling.BOX)
    grain = random.normal(0, photo.noise * 255, (SIZE, SIZE))
    noisy = Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    noisy.save(stream, "JPEG", quality=photo.quality)
    return Image.open(stream).convert("L")
