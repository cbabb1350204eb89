"""The only reader of the environment: `SQUINT_…` variables and an `.env` file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an installation may set; everything has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="SQUINT_", env_file=".env", extra="ignore")

    data_dir: Annotated[Path, AfterValidator(Path.absolute)] = REPOSITORY / "data"
    """Database, packs, run folders and logs. Local disk only: never NFS with SQLite."""
    database_url: str = ""
    """Empty: SQLite in the data folder. Else `postgresql+psycopg://…`."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    public_url: str = ""
    """How people reach this server, when a proxy stands before it; its host joins the allowed hosts."""
    allowed_hosts: list[str] = ["localhost", "127.0.0.1", "[::1]"]
    weights_dir: Annotated[Path, AfterValidator(Path.absolute)] | None = None
    """Pretrained weights for machines without a network; default: `weights` in the data folder."""
    train_threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads a training process may use; 0: all cores."""
    worker_dead_after_s: float = 30.0
    """Without a heartbeat for so long a worker counts as dead and its jobs go to another."""
    job_attempts: Annotated[int, Field(ge=1)] = 3
    """How often a job is started, when each start ends in a crash, before it is given up."""
    job_time_limit_s: Annotated[float, Field(gt=0)] = 86_400.0
    """How long one attempt of a job may train."""
    lease_s: float = 120.0
    """How long an image stays reserved for the person to whom it was shown."""
    session_days: int = 30

    @property
    def db_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'squint.db'}"

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def packs_dir(self) -> Path:
        return self.data_dir / "packs"

    @property
    def blobs_dir(self) -> Path:
        """Images too large for a database row."""
        return self.data_dir / "blobs"

    @property
    def pictures_dir(self) -> Path:
        """Renderings of large images; may be emptied at any time."""
        return self.data_dir / "pictures"

    @property
    def uploads_dir(self) -> Path:
        """What is being received; nothing here outlives its request."""
        return self.data_dir / "uploads"

    @property
    def weights_path(self) -> Path:
        return self.weights_dir or self.data_dir / "weights"
