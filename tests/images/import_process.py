"""An import in a process of its own, for tests that kill it: URL, data folder, project, zip."""

from __future__ import annotations

import sys
from pathlib import Path

from app.config import Settings
from app.db import Database
from app.images.importing import import_images

if __name__ == "__main__":
    url, data_dir, project, source = sys.argv[1:]
    settings = Settings(data_dir=Path(data_dir), database_url=url, _env_file=None)
    import_images(Database(url), settings, project_id=int(project), user_id=None, source=Path(source))
