"""Code bindings: code in a language for a version of a schema, made once and kept as a zip file.

Who writes the code is handed in, by language. Source: API reference, "Code Binding", "Code Binding Source".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError, InvalidRequest, NotFound
from eventyard.schemas.inferring import drafted
from eventyard.schemas.registries import bad
from eventyard.schemas.resources import COMPLETE, FAILED, IN_PROGRESS, Binding, Schema, Version
from eventyard.store import Catalog, Change

_KIND = "schema-binding"
#: The API's names of languages.
LANGUAGES = {"Java8": "Java", "Python36": "Python", "TypeScript3": "TypeScript", "Go1": "Golang"}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Binding).decode

log = structlog.get_logger("bindings")

Generate = Callable[[Mapping[str, Any], str, str], bytes]
"""Writes code: a zip file, from a schema of Draft 4 of the whole event, the API's name of the language, and the name of
the schema. It is called in a thread of its own. Raises EventyardError where it can't."""


class Bindings:
    """``generators``: by the API's name of the language. Reads answer from memory."""

    def __init__(self, catalog: Catalog, clock: Clock, generators: Mapping[str, Generate]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._generators = generators
        self._kept: dict[str, Binding] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    async def load(self, find: Callable[[str, int], tuple[Schema, Version] | None]) -> None:
        """Bring all back, and begin again with what was under way. ``find``: a schema, by ARN, with a version. Call
        once."""
        for key, value in (await self._catalog.load(_KIND)).items():
            binding = _decode(value)
            found = find(binding.schema, binding.version)
            if found is None:
                await self._catalog.apply([Change(_KIND, key, None)])
                continue
            self._kept[key] = binding
            if binding.status == IN_PROGRESS:
                self._begin(binding, *found)

    def get(self, schema: Schema, version: Version, language: str) -> Binding:
        """Raises NotFound, also for a language that nobody knows."""
        found = self._kept.get(f"{schema.arn}#{version.number}#{language}")
        if found is None:
            raise NotFound(
                f"Code binding for {language} of version {version.number} of schema {schema.name} does not exist.",
                "NotFoundException",
            )
        return found

    async def put(self, schema: Schema, version: Version, language: str) -> Binding:
        """Begin to make it, and answer at once. What is there, or under way, stays as it is; what failed is tried
        again. Raises InvalidRequest for a language without a generator."""
        if language not in LANGUAGES:
            raise bad(f"Language {language} is not one of {', '.join(LANGUAGES)}.")
        if language not in self._generators:
            raise InvalidRequest(
                f"Code bindings for {LANGUAGES[language]} are not supported by this server.", "BadRequestException"
            )
        async with self._turn:
            old = self._kept.get(f"{schema.arn}#{version.number}#{language}")
            if old is not None and old.status != FAILED:
                return old
            now = self._clock.now()
            binding = Binding(
                schema=schema.arn,
                version=version.number,
                language=language,
                status=IN_PROGRESS,
                created=now if old is None else old.created,
                modified=now,
            )
            await self._catalog.apply([Change(_KIND, binding.key, _encode(binding))])
            self._kept[binding.key] = binding
            self._begin(binding, schema, version)
            return binding

    async def forget(self, schema: Schema, numbers: tuple[int, ...]) -> None:
        """These versions of a schema were deleted."""
        async with self._turn:
            gone = [each for each in self._kept.values() if each.schema == schema.arn and each.version in numbers]
            if gone:
                await self._catalog.apply([Change(_KIND, each.key, None) for each in gone])
            for each in gone:
                del self._kept[each.key]

    async def close(self) -> None:
        """Leave what is under way; the next start begins it again."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, binding: Binding, schema: Schema, version: Version) -> None:
        work = self._make(binding, schema, version)
        task = asyncio.get_running_loop().create_task(work, name=f"binding {binding.key}")
        self._under_way[binding.key] = task
        task.add_done_callback(lambda _: self._under_way.pop(binding.key, None))

    async def _make(self, binding: Binding, schema: Schema, version: Version) -> None:
        generate = self._generators.get(binding.language)
        try:
            if generate is None:
                raise InvalidRequest(f"Code bindings for {binding.language} are not supported any more.")
            archive = await asyncio.to_thread(generate, drafted(version), binding.language, schema.name)
            done = msgspec.structs.replace(binding, status=COMPLETE, archive=archive)
        except EventyardError as error:
            done = msgspec.structs.replace(binding, status=FAILED, reason=error.message)
        except Exception:  # a generator's fault is that binding's failure, not the server's
            log.exception("code binding failed", schema=schema.arn, language=binding.language)
            done = msgspec.structs.replace(binding, status=FAILED, reason="The generator failed.")
        done = msgspec.structs.replace(done, modified=self._clock.now())
        async with self._turn:
            if self._kept.get(binding.key) is not binding:
                return  # the schema was deleted meanwhile
            try:
                await self._catalog.apply([Change(_KIND, done.key, _encode(done))])
            except EventyardError as error:  # the next start makes it again
                log.warning("code binding could not be kept", schema=schema.arn, reason=error.message)
                done = msgspec.structs.replace(done, status=FAILED, archive=b"", reason=error.message)
            self._kept[done.key] = done
