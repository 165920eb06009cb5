"""Contracts from a schema registry, by EventBridge's Schemas API, kept in memory and on disk.

A schema is named ``source@DetailType``. One that ``eventyard contracts push`` stored holds its document and is read
from that; of others the content itself is the contract. What was read once is used until it is read anew, in the
background, and also when the registry can't be reached, which is told in the log and counted.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eventyard.client.contracts import Checked
from eventyard.client.shelf import Schema, Shelf, read_shelf, write_shelf
from eventyard.client.tally import Tally
from eventyard.clock import Clock, SystemClock
from eventyard.errors import EventyardError, Forbidden, InvalidRequest, NotFound, TryAgain

_log = logging.getLogger(__name__)
_Asked = tuple[str, str | None, int | None]
#: What a schema's name can't hold (Schemas API reference, "CreateSchema").
_NO_NAME = re.compile(r"[^0-9A-Za-z_.\-@]")
_MOST_MISSING = 1000


class Registry:
    """``name``: of the registry. ``client``: for its API, such as ``boto3.client("schemas")``; one with the given
    ``endpoint_url``, ``region`` and ``profile`` if None. ``cache``: a file that outlives the process, so that it can
    start while the registry can't be reached. ``refresh``: seconds after which it is asked again. Raises InvalidRequest
    for an endpoint or region that can't be."""

    def __init__(
        self,
        name: str,
        client: Any = None,
        *,
        cache: str | Path | None = None,
        refresh: float = 300.0,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._client = client or _schemas(endpoint_url, region, profile)
        self._cache = None if cache is None else Path(cache)
        self._refresh = int(refresh * 1000)
        self._clock = clock or SystemClock()
        self._tally = Tally()
        self._shelf: Shelf | None = None
        self._asked_at = 0
        self._found: dict[_Asked, Checked | NotFound] = {}
        self._lock = threading.RLock()
        self._refreshing: threading.Thread | None = None

    def told_by(self, tally: Tally) -> None:
        """Count there when old contracts are used."""
        self._tally = tally

    def known(self, type: str, source: str | None, version: int | None) -> Checked | NotFound | None:
        found = self._found.get((type, source, version))
        if self._shelf is not None and self._clock.now() - self._asked_at >= self._refresh:
            self._refresh_soon()
        return found

    def find(self, type: str, source: str | None = None, version: int | None = None) -> Checked:
        with self._lock:
            found = self._found.get((type, source, version))
            if found is None:
                if self._shelf is None:
                    self._open()
                found = self._look_up(type, source, version)
                if isinstance(found, Checked) or len(self._found) < _MOST_MISSING:
                    self._found[type, source, version] = found
        if isinstance(found, NotFound):
            raise NotFound(found.message, found.code)
        return found

    def refresh(self) -> None:
        """Ask the registry now for what changed. If it can't be reached, what is there stays."""
        with self._lock:
            self._asked_at = self._clock.now()
            if self._shelf is None:
                self._open()
                return
            try:
                fresh = self._listed()
                for key, schema in self._shelf.schemas.items():
                    if key.partition(" ")[0] in fresh.names:
                        same = fresh.names[schema.name] == self._shelf.names.get(schema.name)
                        fresh.schemas[key] = schema if same else self._described(schema.name, schema.asked)
            except (BotoCoreError, ClientError) as error:
                self._told_old(error)
                return
            if fresh.names != self._shelf.names:
                self._found.clear()
            self._shelf = fresh
            self._keep()

    def _open(self) -> None:
        """The names from the registry, with the contents of the disk where those are still the same; or all from
        disk."""
        kept = None if self._cache is None else read_shelf(self._cache, self.name)
        self._asked_at = self._clock.now()
        try:
            self._shelf = self._listed()
        except (BotoCoreError, ClientError) as error:
            if kept is None or _is_missing(error):
                raise _error_of(error, f"registry {self.name}") from error
            self._shelf = kept
            self._told_old(error)
            return
        if kept is not None:
            same = {name for name, state in self._shelf.names.items() if kept.names.get(name) == state}
            self._shelf.schemas.update((key, each) for key, each in kept.schemas.items() if each.name in same)
        self._keep()

    def _look_up(self, type: str, source: str | None, version: int | None) -> Checked | NotFound:
        assert self._shelf is not None
        names = [name for name in self._shelf.names if _is_of(name, type, source)]
        if len(names) > 1:
            sources = ", ".join(sorted(name.partition("@")[0] for name in names))
            raise InvalidRequest(f"{type} is published by {sources}: say which source is meant.")
        for schema in self._versions(names[0], version) if names else ():
            found = schema.checked(type, self.name)
            if version in (None, found.contract.version):
                return found
        of = "".join((f" of {source}" if source else "", f" in version {version}" if version else ""))
        return NotFound(f"There is no contract for {type}{of} in registry {self.name}.", "UnknownEvent")

    def _versions(self, name: str, version: int | None) -> Iterator[Schema]:
        """The newest version of a schema, or all of them, the newest first, if one is looked for."""
        try:
            yield self._schema(name, None)
            if version is None:
                return
            pages = self._client.get_paginator("list_schema_versions").paginate(RegistryName=self.name, SchemaName=name)
            numbers = sorted(
                (int(each["SchemaVersion"]) for page in pages for each in page["SchemaVersions"]), reverse=True
            )
            for number in numbers:
                yield self._schema(name, str(number))
        except (BotoCoreError, ClientError) as error:
            assert self._shelf is not None
            kept = [each for each in self._shelf.schemas.values() if each.name == name]
            if not kept:
                raise _error_of(error, f"schema {name}") from error
            self._told_old(error)
            yield from kept

    def _schema(self, name: str, number: str | None) -> Schema:
        assert self._shelf is not None
        key = f"{name} {number or ''}"
        if key not in self._shelf.schemas:
            self._shelf.schemas[key] = self._described(name, number)
            self._keep()
        return self._shelf.schemas[key]

    def _described(self, name: str, number: str | None) -> Schema:
        which = {} if number is None else {"SchemaVersion": number}
        got = self._client.describe_schema(RegistryName=self.name, SchemaName=name, **which)
        return Schema(name, number, got["SchemaVersion"], got["Type"], got["Content"])

    def _listed(self) -> Shelf:
        names = {}
        for page in self._client.get_paginator("list_schemas").paginate(RegistryName=self.name):
            for each in page["Schemas"]:
                names[each["SchemaName"]] = f"{each.get('VersionCount', '')} {each.get('LastModified', '')}"
        return Shelf(self.name, self._clock.now(), names, {})

    def _keep(self) -> None:
        if self._cache is not None and self._shelf is not None:
            try:
                write_shelf(self._cache, self._shelf)
            except OSError as error:
                _log.warning("contracts can't be kept in %s: %s", self._cache, error)

    def _refresh_soon(self) -> None:
        if self._refreshing is None or not self._refreshing.is_alive():
            self._asked_at = self._clock.now()
            self._refreshing = threading.Thread(target=self._refresh_quietly, name="eventyard-registry", daemon=True)
            self._refreshing.start()

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except EventyardError as error:
            _log.warning("registry %s: %s", self.name, error)

    def _told_old(self, error: Exception) -> None:
        assert self._shelf is not None
        when = datetime.fromtimestamp(self._shelf.at / 1000, UTC).isoformat(" ", "seconds")
        _log.warning("registry %s can't be reached (%s): contracts of %s are used", self.name, error, when)
        self._tally.add("stale_contracts")


def _schemas(endpoint_url: str | None, region: str | None, profile: str | None) -> Any:
    try:
        return botocore.session.Session(profile=profile).create_client(
            "schemas",
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2}),
        )
    except (BotoCoreError, ValueError) as error:
        raise InvalidRequest(f"The client of the registry can't be made: {error}") from error


def _is_of(name: str, type: str, source: str | None) -> bool:
    of, _, rest = name.partition("@")
    return rest in (type, _NO_NAME.sub("", type)) and source in (None, of)


def _is_missing(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "NotFoundException"


def _error_of(error: BotoCoreError | ClientError, what: str) -> EventyardError:
    if not isinstance(error, ClientError):
        return TryAgain(f"The {what} can't be reached, and nothing of it is kept: {error}", type(error).__name__)
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if _is_missing(error):
        return NotFound(f"There is no {what}: {message}", code)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return (Forbidden if status in (401, 403) else TryAgain)(f"The {what}: {message}", code)
