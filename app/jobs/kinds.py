"""All kinds of jobs that a worker can run."""

from __future__ import annotations

from app.jobs.registry import register
from app.labelers.tasks import LABEL
from app.results.tasks import BAKEOFF

register(LABEL)
register(BAKEOFF)
