"""Keeps ultralytics to itself: no network, no pip, no settings file in the home folder. Import before it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import ModuleType

os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("YOLO_VERBOSE", "false")
os.environ.setdefault("YOLO_CONFIG_DIR", str(Path(tempfile.gettempdir()) / f"squint-ultralytics-{os.getuid()}"))
Path(os.environ["YOLO_CONFIG_DIR"]).mkdir(parents=True, exist_ok=True)


def ultralytics_nets() -> ModuleType:
    """Return `ultralytics.nn.tasks`, imported without what ultralytics does to Pillow.

    Its own `Image.open` would install a package at the first picture that Pillow does not know.
    """
    from PIL import Image  # noqa: PLC0415

    pillows_own = Image.open
    from ultralytics.nn import tasks  # noqa: PLC0415  slow to import

    Image.open = pillows_own
    nets: ModuleType = tasks
    return nets
