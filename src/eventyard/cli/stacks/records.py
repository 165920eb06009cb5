"""Where the records of stacks are: on the server that they are applied to, or in files for those in AWS."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

from eventyard.cli.pages import ask
from eventyard.errors import Conflict, InvalidRequest, NotFound
from eventyard.stacks import Record, Site

_PAGE = "/_eventyard/stacks"


class ServerRecords:
    """On a server's pages, which everybody who applies to it sees."""

    def __init__(self, endpoint: str, site: Site) -> None:
        self._endpoint = endpoint
        self._query = {"account": site.account, "region": site.region}

    def names(self) -> list[str]:
        return [each["name"] for each in ask(self._endpoint, "GET", _PAGE, self._query)["stacks"]]

    def load(self, name: str) -> tuple[Record | None, int]:
        try:
            found = ask(self._endpoint, "GET", f"{_PAGE}/{name}", self._query)
        except NotFound:
            return None, 0
        return _read(found["record"], name), int(found["revision"])

    def save(self, record: Record, revision: int) -> int:
        body = msgspec.to_builtins(record)
        answer = ask(self._endpoint, "PUT", f"{_PAGE}/{record.name}", self._query, body, _match(revision))
        return int(answer["revision"])

    def forget(self, name: str, revision: int) -> None:
        ask(self._endpoint, "DELETE", f"{_PAGE}/{name}", self._query, headers=_match(revision))


class FileRecords:
    """In a folder of this machine, a file for each stack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def load(self, name: str) -> tuple[Record | None, int]:
        try:
            found = msgspec.json.decode(self._path(name).read_bytes(), type=_File)
        except FileNotFoundError:
            return None, 0
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
            raise InvalidRequest(f"The record {self._path(name)} can't be read: {error}.") from error
        return found.record, found.revision

    def save(self, record: Record, revision: int) -> int:
        path = self._path(record.name)
        written = path.with_suffix(".new")
        with self._alone():
            self._check(record.name, revision)
            with open(written, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(_File(revision + 1, record))))
                file.flush()
                os.fsync(file.fileno())
            written.replace(path)
        return revision + 1

    def forget(self, name: str, revision: int) -> None:
        with self._alone():
            self._check(name, revision)
            self._path(name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process writes in the block."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _check(self, name: str, revision: int) -> None:
        if (last := self.load(name)[1]) != revision:
            raise Conflict(f"Stack {name} was written by somebody else meanwhile: its revision is {last}.")

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class _File(msgspec.Struct):
    revision: int
    record: Record


def holder() -> str:
    """Who this process is, to others who want to apply the same stack."""
    return f"{socket.gethostname()} process {os.getpid()}"


def is_over(held: str) -> bool:
    """Whether the holder is for sure no more: a process of this machine that has ended."""
    host, _, process = held.partition(" process ")
    if host != socket.gethostname() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _read(found: object, name: str) -> Record:
    try:
        return msgspec.convert(found, Record)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The record of stack {name} is of another version of Eventyard: {error}.") from error


def _match(revision: int) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}
