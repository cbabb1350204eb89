"""What the container files promise, read from the files: no engine runs where the tests do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.cli import main

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = pytest.mark.parametrize("name", sorted(COMPOSE["services"]))


def service(name: str) -> dict[str, Any]:
    return COMPOSE["services"][name]


def test_the_compose_file_fits_the_compose_schema():
    """The schema is the compose specification's, from the npm package dclint 3.1.0 (MIT)."""
    schema = json.loads((ROOT / "tests/data/compose.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


@SERVICES
def test_each_service_runs_with_few_rights_on_a_read_only_root(name: str):
    assert service(name)["read_only"] is True
    assert service(name)["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service(name)["security_opt"]


@SERVICES
def test_each_service_says_whether_it_is_well(name: str):
    assert service(name)["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_what_a_service_is_told_to_run_is_a_command_of_ours(name: str):
    checked = service(name)["healthcheck"]["test"]
    told = [service(name)["command"], *([checked[4:]] if "app.cli" in checked else [])]
    assert [main([*command, "--help"]) for command in told] == [0] * len(told)


def test_nobody_runs_as_root():
    assert re.search(r"^USER squint$", DOCKERFILE, re.MULTILINE)
    assert service("database")["user"] == "postgres"


def test_foreign_images_are_named_by_digest():
    references = [service("database")["image"], *re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)]
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", reference) for reference in references)


def test_there_is_no_default_password():
    text = (ROOT / "docker-compose.yml").read_text()
    assert "SQUINT_DB_PASSWORD:?" in text
    assert not re.search(r"SQUINT_DB_PASSWORD:-", text)


def test_the_image_carries_all_that_the_program_reads():
    copied = set(re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE))
    assert {"pyproject.toml", "app", "ml", "migrations", "templates", "static"} <= copied
