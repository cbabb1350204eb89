"""How the final classifiers are trained: by the founding report's settings, or by our own."""

from __future__ import annotations

from dataclasses import replace

from ml.contract import Manifest, Preset
from ml.settings import TrainSettings

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
"""Of what is left for training; the test part chooses nothing."""

REPORT = TrainSettings(epochs=30, batch_size=64, learning_rate=0.001, augmentation="report")
"""30 epochs of Adam with the founding report's five augmentations."""

OWN = TrainSettings(
    epochs=30,
    batch_size=64,
    optimizer="adamw",
    learning_rate=0.001,
    schedule="cosine",
    final_rate=0.01,
    warmup_epochs=2,
    weight_decay=0.02,
    averaging=0.99,
    smoothing=0.05,
    augmentation="distort",
)
COMPACT = replace(OWN, epochs=40, learning_rate=0.004, weight_decay=0.05)
"""A small net bears larger steps; on the eyes it was best at the end of 40 epochs, two minutes of one core."""


def settings_for(name: str, manifest: Manifest) -> TrainSettings:
    """Return the preset that the manifest names; two classes get a binary head."""
    own = COMPACT if name == "compact" else OWN
    settings = REPORT if manifest.preset == Preset.REPORT else own
    return replace(settings, loss="binary" if len(manifest.classes) == 2 else "cross_entropy")
