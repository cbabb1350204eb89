"""Changes to a project's images: what routes and the command line call."""

from __future__ import annotations

from app.images.grouping import update_groups
from app.images.importing import import_images
from app.images.label_files import import_labels
from app.images.labels_csv import LabelRow, read_labels_csv

__all__ = ["LabelRow", "import_images", "import_labels", "read_labels_csv", "update_groups"]
