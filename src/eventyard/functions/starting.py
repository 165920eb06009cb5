"""What runs a function, by where its code comes from: the one file that knows all kinds of runners."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from functools import partial
from pathlib import Path

from eventyard.clock import Clock
from eventyard.functions.child import Child
from eventyard.functions.code import Code
from eventyard.functions.command import Command
from eventyard.functions.lines import Lines
from eventyard.functions.process import Stamp, Worker
from eventyard.functions.remote import Call, Remote
from eventyard.functions.resources import Function, Outcome
from eventyard.functions.runner import Runner, failed
from eventyard.functions.runtime_api import RuntimeApi

_WORKER, _NODE = Path(__file__).with_name("worker.py"), Path(__file__).with_name("node.mjs")
#: MiB of private data that a runtime has for itself, beside the function's memory.
_OWN = {"nodejs": 192, "provided": 64}
#: How long (ms) what was seen of a folder counts: nobody edits faster.
_SEEN = 500
#: Folders that are not looked into for changes.
_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"})


class Starter:
    """``code``: where zip files are unpacked. ``call``: see :mod:`remote`. ``dev``: code in folders is loaded
    anew when it changed, and what runs is not put behind others: a developer's machine is busy with much else."""

    def __init__(self, code: Code, clock: Clock, call: Call, dev: bool) -> None:
        self._code = code
        self._clock = clock
        self._call = call
        self._dev = dev

    async def start(self, function: Function) -> Runner | Outcome:
        """What runs it; or, if it can't be started, the outcome of the invocation."""
        if function.url is not None:
            return Remote(function, self._clock, self._call)
        folder = self._code.path(function.code) if function.path is None else folder_of(function.path)
        if not await asyncio.to_thread(folder.is_dir):
            return failed(None, "Runtime.InvalidEntrypoint", f"There is no folder {folder}.", ())
        if function.command:
            return Command(function, self._clock, folder, self._code.folder, not self._dev)
        try:
            if function.runtime.startswith("python"):
                return await self._python(function, folder)
            return await self._other(function, folder)
        except OSError as error:
            return failed(None, "Runtime.InvalidEntrypoint", f"The runtime can't be started: {error}", ())

    async def _python(self, function: Function, folder: Path) -> Worker | Outcome:
        lines = await Lines.open()
        interpreter = interpreter_of(function, folder)
        try:
            argv = [interpreter, "-u", str(_WORKER), str(lines.writing)]
            child = await Child.start(
                argv, function, folder, self._code.folder, pass_fds=(lines.writing,), yields=not self._dev
            )
        except BaseException:
            lines.close()
            raise
        finally:
            os.close(lines.writing)
        lines.child = child
        return await Worker.start(function, self._clock, child, lines, self._stamp(function, folder))

    async def _other(self, function: Function, folder: Path) -> Worker | Outcome:
        kind = "nodejs" if function.runtime.startswith("nodejs") else "provided"
        if kind == "nodejs":
            argv = [shutil.which("node") or "node", f"--max-old-space-size={function.memory}", str(_NODE)]
        else:
            argv = [str(folder / "bootstrap")]
        api = await RuntimeApi.open()
        try:
            child = await Child.start(
                argv, function, folder, self._code.folder,
                more={"AWS_LAMBDA_RUNTIME_API": api.address}, memory=function.memory + _OWN[kind],
                yields=not self._dev,
            )  # fmt: skip
        except BaseException:
            api.close()
            raise
        return await Worker.start(function, self._clock, child, api, self._stamp(function, folder))

    def _stamp(self, function: Function, folder: Path) -> Stamp | None:
        if function.path is None or not self._dev:
            return None
        place = Path(function.path)
        return partial(self._seen, place if place.is_file() else folder, {})

    async def _seen(self, place: Path, known: dict[str, tuple[int, object]]) -> object:
        at, stamp = known.get("", (-_SEEN, None))
        if self._clock.now() - at >= _SEEN:
            stamp = await asyncio.to_thread(_changed, place)
            known[""] = (self._clock.now(), stamp)
        return stamp


def folder_of(path: str) -> Path:
    """The folder that a function at ``path`` runs in: ``path`` itself, or where that file is."""
    place = Path(path)
    return place.parent if place.is_file() else place


def interpreter_of(function: Function, folder: Path) -> str:
    """The interpreter: the one that was named, that of the environment which was named or lies in the folder, or the
    server's own."""
    if function.path is None:
        return sys.executable
    if function.python is None:
        found = folder / ".venv" / "bin" / "python"
        return str(found) if found.exists() else sys.executable
    place = folder / function.python
    if not place.exists():
        return shutil.which(function.python) or str(place)
    return str(place / "bin" / "python") if place.is_dir() else str(place)


def _changed(place: Path) -> object:
    """What is another when a file of ``place`` has changed, come or gone."""
    if place.is_file():
        return _of(place)
    found = []
    for root, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        found += [(root, name, _of(Path(root, name))) for name in files if not name.endswith(".pyc")]
    return tuple(sorted(found))


def _of(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
