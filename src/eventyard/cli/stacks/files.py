"""Files that ask for resources: which kind each is, and what they ask for together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from eventyard.contract import Finding
from eventyard.errors import InvalidRequest
from eventyard.resource import Stack
from eventyard.stacks import Site

DEFAULTS = tuple(Path(name) for name in ("eventyard.yml", "eventyard.yaml"))
_Read = tuple[Stack | None, tuple[Finding, ...]]
_Reading = Callable[[Mapping[str, str], Sequence[Stack | None]], _Read]
"""Of files, with parameters, beside what the files before them made."""
_OTHERS = tuple(Path(name) for name in ("serverless.yml", "template.yaml", "template.yml"))


def read_files(
    files: Sequence[Path], stack: str | None, parameters: Mapping[str, str], site: Site
) -> tuple[Stack | None, tuple[Finding, ...]]:
    """The stack that the files ask for together, of whatever kinds they are, with findings; None if one of those is an
    error. Raises InvalidRequest for what can't be opened."""
    from eventyard.templates import Given, Where, kind_of, read_cloudformation, read_serverless
    from eventyard.templates.own import read_own

    texts = [(str(path), _text(path)) for path in files or [_default()]]
    kinds = {path: kind_of(path, text) for path, text in texts}
    readings: list[_Reading] = []
    if own := [each for each in texts if kinds[each[0]] == "own"]:
        readings.append(lambda given, made: read_own(own, stack, given, os.environ))

    def serverless(path: str, text: str, given: Mapping[str, str], made: Sequence[Stack | None]) -> _Read:
        opened = partial(_inside, Path(path).parent)
        where = Given(given, os.environ, opened, site.account, site.region, given)
        return read_serverless(path, text, where, stack or "")

    def template(path: str, text: str, given: Mapping[str, str], made: Sequence[Stack | None]) -> _Read:
        name = stack or next((one.name for one in made if one is not None), None)
        if name is None:
            message = "A template does not say its stack's name; give it with --stack."
            return None, (Finding(path, 1, 1, "no-stack", message),)
        return read_cloudformation(path, text, Where(name, site.account, site.region, given))

    for path, text in texts:
        if kinds[path] != "own":
            readings.append(partial(serverless if kinds[path] == "serverless" else template, path, text))
    made, found = _read(readings, parameters)
    if None in made:
        return None, tuple(sorted(found))
    return _together([each for each in made if each is not None]), tuple(sorted(found))


def _read(readings: Sequence[_Reading], parameters: Mapping[str, str]) -> tuple[list[Stack | None], list[Finding]]:
    """What each reading made, and all findings. A parameter is for whichever of the files asks for it; one that none
    asks for stays a finding."""
    made: list[Stack | None] = []
    found: list[Finding] = []
    alone = len(readings) == 1
    before = (Stack("any", ()),)  # for who takes its name from another file
    told = [set() if alone else _unasked(reading(parameters, before)[1], parameters) for reading in readings]
    nobody = set[str].intersection(*told)
    for reading, unasked in zip(readings, told, strict=True):
        given = {name: value for name, value in parameters.items() if name in nobody or name not in unasked}
        read, findings = reading(given, made)
        made.append(read)
        found += findings
    return made, found


def _unasked(findings: Sequence[Finding], parameters: Mapping[str, str]) -> set[str]:
    """The parameters that a file did not ask for, by what its reader said of them."""
    said = [one.message for one in findings if one.rule in ("unknown-parameter", "unused-parameter")]
    texts = ("The parameter {} is not known", "No file says parameter {}.")
    return {name for name in parameters if any(text.format(name[:100]) in one for one in said for text in texts)}


def _together(made: Sequence[Stack]) -> Stack:
    """One stack of several, with the name of the first."""
    resources = tuple(resource for each in made for resource in each.resources)
    outputs = {key: value for each in made for key, value in each.outputs.items()}
    return Stack(made[0].name, resources, outputs)


def _default() -> Path:
    for path in DEFAULTS:
        if path.is_file():
            return path
    there = [str(path) for path in _OTHERS if path.is_file()]
    hint = f"There is {there[0]}: `eventyard apply {there[0]}`." if there else "docs/apply.md shows how one looks."
    raise InvalidRequest(f"There is no {DEFAULTS[0]} here. {hint}")


def _inside(folder: Path, path: str) -> str | None:
    """The text of a file in ``folder``; None where there is none. Raises InvalidRequest for one outside."""
    whole = (folder / path).resolve()
    if not whole.is_relative_to(folder.resolve()):
        raise InvalidRequest(f"{folder / path} leads out of the project.")
    return _text(whole) if whole.is_file() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is no text in UTF-8.") from error
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}.") from error


def pairs(given: Sequence[str]) -> dict[str, str]:
    """Values by names from ``NAME=VALUE``. Raises InvalidRequest."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InvalidRequest(f"--parameter is a name and a value, STAGE=test, not {each!r}.")
        found[name] = value
    return found
