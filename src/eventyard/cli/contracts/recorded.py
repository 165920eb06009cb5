"""Events of the past, one after the other: from a server, or from files of JSON lines as captures write them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from eventyard.cli.moments import moment
from eventyard.cli.pages import get
from eventyard.detail import deeply
from eventyard.errors import InvalidRequest, NotFound

_NAMES = (".jsonl", ".ndjson", ".json", ".log", ".gz", "")


class _Line(msgspec.Struct):
    event: msgspec.Raw


_decode = msgspec.json.Decoder(_Line).decode


def from_server(
    endpoint: str, bus: str, archive: str | None, since: str | None, until: str | None, limit: int
) -> Iterator[bytes]:
    """The events that a bus still has, or of an archive, the oldest first. Raises as ``pages`` does."""
    query = {"limit": str(limit)} | ({"archive": archive} if archive else {"bus": bus})
    if since:
        query["since"] = str(moment(since, "--since"))
    if until:
        query["until"] = str(moment(until, "--until"))
    with get(endpoint, "/_eventyard/events", query) as answer:
        for line in answer:
            yield bytes(deeply(_decode, line).event)


def from_files(path: Path, limit: int) -> Iterator[bytes]:
    """The events in a file, or in all files of a folder by name, gzip or not: JSON, one event after the other."""
    left = limit
    for each in _files(path):
        for event in _events(each):
            if left == 0:
                return
            left -= 1
            yield event


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotFound(f"There is no file or folder {path}.")
    found = sorted(each for each in path.rglob("*") if each.is_file() and each.suffix in _NAMES)
    if not found:
        raise NotFound(f"There are no files of events in {path}.")
    return found


def _events(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield from _in_line(line.strip())
                except ValueError as error:
                    raise InvalidRequest(f"{path}:{number} is not JSON: {error}.") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} can't be read: {error}.") from error


def _in_line(line: str) -> Iterator[bytes]:
    """The values of one line: Firehose puts no line breaks between records."""
    at = 0
    while at < len(line):
        value, end = json.JSONDecoder().raw_decode(line, at)
        inner = value.get("event") if isinstance(value, dict) and "detail-type" not in value else None
        text = line[at:end] if inner is None else json.dumps(inner, ensure_ascii=False)
        yield text.encode("utf-8", "surrogatepass")
        at = end
        while at < len(line) and line[at].isspace():
            at += 1
