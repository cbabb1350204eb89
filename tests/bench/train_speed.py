"""Our training loop beside the loop that people write themselves and beside ultralytics' own trainer.

The same net, pictures, epochs, batch size, optimizer and augmentation (a mirror image, half of the time), in
turn in one run; a ratio above 1 says that ours is faster. The others read the pictures' files as their users'
code does, in every epoch, in their own process: starting loader processes for so few pictures would only slow
them. All judge the validation part after every epoch. Another one begins each round, so that none always finds a
warm cache.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from app.images.rendered import render_eyes
from ml.backbones import build_net, get_backbone
from ml.data import Images, measure
from ml.engine import Task, fit
from ml.offline import ultralytics_nets
from ml.pixels import pack
from ml.report import Reporter
from ml.settings import TrainSettings
from tests.bench.stage import tell

COUNT, EPOCHS, ROUNDS, BATCH, SIDE = 640, 3, 3, 64, 32
TRAIN = COUNT * 4 // 5
MODELS = ("resnet18", "mobilenet_v3_small", "yolov8n-cls")


class Eyes:
    """The same eyes as a pack and as a folder of files."""

    def __init__(self, folder: Path) -> None:
        eyes = list(render_eyes(COUNT, seed=1))
        self.folder = folder
        self.labels = np.array([int(label == "open") for _, label, _ in eyes])
        pictures = [picture.resize((24, 24), Image.Resampling.BOX) for _, _, picture in eyes]
        self.pixels = pack(pictures, (24, 24), grey=True)
        for row, (name, label, _) in enumerate(eyes):
            place = folder / ("train" if row < TRAIN else "val") / label
            place.mkdir(parents=True, exist_ok=True)
            pictures[row].save(place / Path(name).name)


def ours(eyes: Eyes, name: str) -> None:
    settings = TrainSettings(epochs=EPOCHS, batch_size=BATCH, augmentation="flip", checkpoint_every_s=1e9)
    rows = np.arange(COUNT)
    images = Images(eyes.pixels, SIDE, torch.device("cpu"))
    net = build_net(name, 2, SIDE, "scratch", eyes.folder, seed=0)
    norm = measure(eyes.pixels, rows[:TRAIN])
    task = Task(
        name, images, norm, eyes.labels, rows[:TRAIN], rows[TRAIN:], settings, 0, eyes.folder / "checkpoint"
    )
    with (eyes.folder / "events").open("w") as events:
        fit(task, net, Reporter(1, events), name)


def plain_loop(eyes: Eyes, name: str) -> None:
    """PyTorch's own tutorial for transfer learning, with the same net."""
    steps = [
        v2.Resize((SIDE, SIDE)),
        v2.RandomHorizontalFlip(),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
    ]
    steps_of = {"train": v2.Compose(steps), "val": v2.Compose([steps[0], *steps[2:]])}
    data = {
        part: DataLoader(ImageFolder(eyes.folder / part, steps_of[part]), BATCH, shuffle=part == "train")
        for part in ("train", "val")
    }
    net = get_backbone(name).build(2, SIDE)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    for _ in range(EPOCHS):
        net.train()
        for images, labels in data["train"]:
            optimizer.zero_grad()
            cross_entropy(net(images), labels).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            for images, _labels in data["val"]:
                net(images)


def ultralytics(eyes: Eyes, name: str) -> None:
    ultralytics_nets()
    from ultralytics import YOLO, settings

    settings.update(mlflow=False, tensorboard=False)  # Its callbacks would write databases meanwhile.
    YOLO(f"{name}.yaml", verbose=False).train(
        data=str(eyes.folder), epochs=EPOCHS, batch=BATCH, imgsz=SIDE, device="cpu", workers=0, plots=False,
        pretrained=False, optimizer="Adam", lr0=0.001, project=str(eyes.folder / "runs"), exist_ok=True,
        verbose=False, save=False, amp=False, seed=0, deterministic=False, fliplr=0.5, scale=0.0,
        auto_augment="", erasing=0.0, hsv_h=0.0, hsv_s=0.0, hsv_v=0.0,
    )  # fmt: skip


def seconds(train, eyes: Eyes, name: str) -> float:  # type: ignore[no-untyped-def]  # noqa: ANN001
    began = time.perf_counter()
    train(eyes, name)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="squint-bench-") as folder:
        eyes = Eyes(Path(folder))
        for name in MODELS:
            others = [plain_loop] + [ultralytics] * name.startswith("yolo")
            taken = {train: [] for train in (ours, *others)}  # type: ignore[var-annotated]
            for turn in range(ROUNDS):
                order = list(taken)
                for train in order[turn % len(order) :] + order[: turn % len(order)]:
                    taken[train].append(seconds(train, eyes, name))
            median = {train: statistics.median(found) for train, found in taken.items()}
            ratios = {f"ratio_{train.__name__}": round(median[train] / median[ours], 2) for train in others}
            tell("train_speed", model=name, images=COUNT, epochs=EPOCHS, seconds=round(median[ours], 2), **ratios)


if __name__ == "__main__":
    main()
