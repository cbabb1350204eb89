"""The kinds of jobs that this program knows. Only the worker imports this."""

from __future__ import annotations

from app.jobs.registry import register
from app.labelers.tasks import LABEL, PRETRAIN
from app.results.search_tasks import TUNE
from app.results.tasks import BAKEOFF
from app.transfer.tasks import EXPORT

for kind in (LABEL, PRETRAIN, BAKEOFF, TUNE, EXPORT):
    register(kind)
