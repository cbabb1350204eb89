"""The founding report's two labelers, with its settings: 80 of 100 seeds train, 20 validate."""

from __future__ import annotations

from ml.settings import TrainSettings

HELD_OUT = 0.2
"""Share of the human labels that validates."""

RESNET = TrainSettings(epochs=30, batch_size=16, optimizer="adam", learning_rate=0.001, augmentation="flip")

YOLO = TrainSettings(
    epochs=30,
    batch_size=16,
    optimizer="sgd",
    learning_rate=0.005,
    final_rate=0.01,
    momentum=0.937,
    weight_decay=0.0005,
    warmup_epochs=5,
    augmentation="flip",
    enlarge=2,
)


def settings_for(name: str) -> TrainSettings:
    """YOLO brings its own optimizer and warm-up, every other net is trained as the report's ResNet50."""
    return YOLO if name.startswith("yolo") else RESNET
