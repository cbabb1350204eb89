"""The rules of the house: who may import whom, who commits, who reads the environment."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SLICES = {"projects", "images", "labeling", "review", "labelers", "runs", "results", "team", "transfer", "users"}
ML_FOR_THE_APP = {
    "contract", "events", "rundir", "pixels", "metrics", "consensus", "audit", "forecast", "zoo", "portable",
    "tracking", "errors", "likeness", "settings", "wording", "turns",
}  # fmt: skip
ROOTS = {"app.main", "app.jobs.kinds"}
"""Modules that put the slices together, and so may import any part of them."""
PURE = [
    "ml/consensus.py",
    "ml/audit.py",
    "ml/splitting.py",
    *(f"ml/metrics/{path.name}" for path in sorted((ROOT / "ml" / "metrics").glob("*.py"))),
    "ml/contract.py",
    "ml/events.py",
    "app/labeling/current.py",
    "app/team/agreement.py",
    "app/projects/next_step.py",
    "app/labelers/advice.py",
    "ml/forecast.py",
    "app/review/statement.py",
    "app/review/planning.py",
]


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(folder: str, forbidden: object) -> list[str]:
    return [
        f"{module_name(path)} imports {name}"
        for path in sources(folder)
        for name in imports(path)
        if forbidden(module_name(path), name)  # type: ignore[operator]
    ]


def test_training_knows_no_web_and_no_database():
    roots = {"app", "fastapi", "starlette", "jinja2", "sqlalchemy", "dbos"}
    assert offences("ml", lambda _importer, name: name.split(".")[0] in roots) == []


def test_the_app_takes_only_the_torch_free_modules_of_ml():
    """The command line's `predict` and `evaluate` run a model in their own process: the one exception."""

    def forbidden(importer: str, name: str) -> bool:
        parts = name.split(".")
        if parts[0] != "ml" or importer in {"app.cli.exported", "app.cli.predict"}:
            return False
        return len(parts) < 2 or parts[1] not in ML_FOR_THE_APP

    assert offences("app", forbidden) == []


@pytest.mark.parametrize("module", ["app.main", "app.jobs.worker", "app.cli"])
def test_web_worker_and_command_line_load_no_torch(module: str):
    program = (
        f"import {module}, sys; "
        "heavy = {'torch', 'torchvision', 'ultralytics', 'sklearn', 'scipy'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_a_slice_uses_another_only_through_its_service_or_queries():
    def forbidden(importer: str, name: str) -> bool:
        own, other = importer.split(".")[1:2], name.split(".")
        if importer in ROOTS or importer.startswith("app.cli") or own[:1] not in [[s] for s in SLICES]:
            return False
        if other[0] != "app" or len(other) < 3 or other[1] not in SLICES or [other[1]] == own:
            return False
        return other[2] not in {"service", "queries", *SHARED_RULES.get(other[1], set())}

    assert offences("app", forbidden) == []


SHARED_RULES = {
    "projects": {"access", "grouping"},
    "images": {"packing", "children", "rendering"},
    "labeling": {"pace", "settle", "waiting"},
    "results": {"board", "in_use"},
    "labelers": {"advice", "effort"},
    "review": {"audit_queries", "sending_back"},
}
"""What a slice lends besides its service and queries."""


def test_only_routes_speak_http():
    web = {"fastapi", "starlette", "jinja2"}

    def forbidden(importer: str, name: str) -> bool:
        last = importer.rsplit(".", 1)[-1]
        inner = last in {"service", "queries", "tasks"} or importer.startswith("app.models")
        return inner and name.split(".", maxsplit=1)[0] in web

    assert offences("app", forbidden) == []


def test_shared_modules_import_no_slice():
    shared = ("app.models", "app.errors", "app.storage", "app.config", "app.html", "app.db", "app.jobs.queue")

    def forbidden(importer: str, name: str) -> bool:
        parts = name.split(".")
        return importer.startswith(shared) and parts[0] == "app" and len(parts) > 1 and parts[1] in SLICES

    assert offences("app", forbidden) == []


@pytest.mark.parametrize("path", PURE)
def test_pure_rules_know_no_database(path: str):
    assert not [name for name in imports(ROOT / path) if name.split(".")[0] in {"sqlalchemy", "fastapi"}]


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def test_nobody_commits_but_the_edge():
    allowed = {ROOT / "app" / "db.py", *sources("app/jobs")}
    offenders = [
        module_name(path)
        for path in sources("app")
        if path not in allowed and {"commit", "rollback"} & set(calls(path))
    ]
    assert offenders == []


def test_nothing_that_runs_on_the_event_loop_is_given_a_session_to_write():
    """Its first statement waits for whoever writes just now, the worker too, and with it would wait everybody."""
    offenders = [
        f"{module_name(path)}.{node.name}"
        for path in sources("app")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
        and any(isinstance(a.annotation, ast.Name) and a.annotation.id == "SessionDep" for a in node.args.args)
    ]
    assert offenders == []


def test_the_environment_is_read_in_one_place():
    def reads(path: Path) -> bool:
        return any(name in {"os.environ", "os.getenv"} for name in imports(path)) or any(
            isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
            for node in ast.walk(ast.parse(path.read_text()))
        )

    assert [module_name(path) for path in sources("app") if reads(path)] in ([], ["app.config"])


def test_every_template_runs_under_a_policy_without_inline_code():
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\sstyle=|\son[a-z]+=|<style|hx-on|javascript:")
    offenders = [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if (match := inline.search(path.read_text()))
    ]
    assert offenders == []


def test_no_line_of_a_page_a_style_or_a_script_is_longer_than_120_but_for_one_sentence():
    def without_words(line: str) -> str:
        return re.sub(r'"[^"]*"|`[^`]*`', "", re.sub(r'\("[^"]*"', "", line))

    kinds = ("templates/**/*.html", "static/**/*.css", "static/**/*.js")
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(path for kind in kinds for path in ROOT.glob(kind))
        if not {"vendor", "words"} & set(path.parts)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(without_words(line)) > 120
    ]
    assert offenders == []
