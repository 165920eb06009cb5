"""``package``: which files of the folder are the code of a function.

Serverless Framework's documentation, "Packaging": its own patterns come first, then those of the file, then those of
the function, and of all that match a file the last one holds.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from eventyard.templates.findings import Findings
from eventyard.templates.tree import Fields, Items, Node, Scalar, settle

_OUT = (".git/**", ".gitignore", ".DS_Store", "npm-debug.log", "yarn-*.log", ".serverless/**", ".serverless_plugins/**")
#: Where ``apply --aws`` keeps its records.
_RECORDS = ".eventyard/**"
_DOTENV = ".env*"


def patterns(path: str, said: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that hold for all functions. ``path``: of the file, which is no code. ``said``: its sections."""
    out = [*_OUT, _RECORDS, posixpath.basename(path), *([_DOTENV] if said.get("useDotenv") is True else [])]
    return (*(f"!{each}" for each in out), *listed(said.get("package")))


def listed(package: Any) -> tuple[str, ...]:
    """The patterns of a ``package``; ``exclude`` and ``include`` are their older form."""
    given = package if isinstance(package, Mapping) else {}
    old = [f"!{each}" if not each.startswith("!") else each[1:] for each in given.get("exclude", ())]
    return (*old, *given.get("include", ()), *given.get("patterns", ()))


def check(package: Node | None, findings: Findings) -> None:
    """Find patterns that lead out of the folder, which is all that is read."""
    said = settle(package) if package is not None else None
    for key in ("patterns", "include", "exclude"):
        node = said.get(key) if isinstance(said, Fields) else None
        for one in node.items if isinstance(node, Items) else ():
            if isinstance(one, Scalar) and ".." in one.text.removeprefix("!").split("/"):
                message = f"{one.text[:100]} leads out of the folder of the file, which is the code."
                findings.error(one.place, "unsupported-property", message)
