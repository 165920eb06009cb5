"""The example repository with the broken branch laid over it."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).parent
CARS = HERE.parents[2] / "examples/cars/contracts"


def check_out(folder: Path) -> Path:
    """Makes it in ``folder``, with a file that is too large to be kept in git."""
    shutil.copytree(CARS, folder)
    shutil.copytree(HERE / "broken", folder, dirs_exist_ok=True)
    settings = "type: CarWashed\nsource: too-large\npublisher: workshop"
    schema = '{"title": "' + "x" * 1_000_000 + '"}'
    text = f"# Car Washed\n\n```yaml\n{settings}\n```\n\n## Schema\n\n```json\n{schema}\n```\n"
    (folder / "events/reading/too-large.md").write_text(text)
    return folder
