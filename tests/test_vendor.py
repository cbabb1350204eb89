"""Browser files of others come unchanged from their packages, and are named with version, licence and hash."""

from __future__ import annotations

import hashlib
import json

from app.html.static import STATIC

VENDOR = STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())


def test_every_vendored_file_is_the_one_the_manifest_names():
    for name, entry in MANIFEST.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == entry["sha256"], name


def test_no_file_lies_there_without_a_line_in_the_manifest():
    present = {path.name for path in VENDOR.iterdir()} - {"manifest.json"}
    assert present == set(MANIFEST)


def test_each_line_says_package_version_and_licence():
    for entry in MANIFEST.values():
        assert {"package", "version", "path", "licence", "sha256"} == set(entry)
        assert entry["licence"] in {"0BSD", "MIT", "BSD-3-Clause", "ISC", "Apache-2.0"}
