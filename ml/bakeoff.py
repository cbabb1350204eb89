"""How the final classifiers are trained: the founding report's settings."""

from __future__ import annotations

from ml.settings import TrainSettings

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
"""Of what is left for training; the test part chooses nothing."""


def settings_for(classes: int) -> TrainSettings:
    """30 epochs of Adam with the report's five augmentations; a binary head for two classes."""
    return TrainSettings(
        epochs=30,
        batch_size=64,
        optimizer="adam",
        learning_rate=0.001,
        augmentation="report",
        loss="binary" if classes == 2 else "cross_entropy",
    )
