"""The pages that keep the records of stacks: what each has applied, for whoever applies it next."""

from __future__ import annotations

import asyncio
import re

import msgspec

from eventyard.api.answers import JSON, answer, read_object, routes
from eventyard.errors import Conflict, InvalidRequest, NotFound
from eventyard.store import Catalog, Change
from eventyard.wire import HttpRequest, HttpResponse, Route

_KIND = "stack"
_PAGE = "/_eventyard/stacks"
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: Of a record, in bytes: some ten thousand resources.
_MOST = 8 * 1024 * 1024
_REVISION = re.compile(r'"?(\d{1,18})"?')


class _Kept(msgspec.Struct, frozen=True):
    revision: int
    record: msgspec.Raw


class StackRecords:
    """``GET``: all names and revisions, or with a name one record, its revision as ``ETag``. ``PUT`` and ``DELETE`` say
    in ``If-Match`` which revision they go on from (``"0"``: there is none yet), and are answered 409 if it isn't the
    last one. What a record says is its writer's business. Accounts have their own in each region; the query names both
    (``account``, ``region``), signed requests those of their caller."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: dict[str, _Kept] = {}
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Must be awaited before anything is asked."""
        found = await self._catalog.load(_KIND)
        self._kept = {key: msgspec.json.decode(value, type=_Kept) for key, value in found.items()}

    def routes(self) -> list[Route]:
        return routes(
            ("GET", _PAGE, self.list),
            ("GET", f"{_PAGE}/*", self.get),
            ("PUT", f"{_PAGE}/*", self.put),
            ("DELETE", f"{_PAGE}/*", self.delete),
        )

    async def list(self, request: HttpRequest) -> HttpResponse:
        home = _home(request)
        found = [
            {"name": key.removeprefix(home), "revision": kept.revision}
            for key, kept in self._kept.items()
            if key.startswith(home)
        ]
        return answer({"stacks": found})

    async def get(self, request: HttpRequest) -> HttpResponse:
        kept = self._kept.get(_key(request))
        if kept is None:
            raise NotFound(f"There is no stack {_name(request)}.")
        body = b'{"revision":%d,"record":%b}' % (kept.revision, bytes(kept.record))
        return HttpResponse(200, JSON | {"etag": f'"{kept.revision}"'}, body)

    async def put(self, request: HttpRequest) -> HttpResponse:
        key = _key(request)
        if len(request.body) > _MOST:
            raise InvalidRequest(f"The record has {len(request.body)} bytes; {_MOST} are the most.")
        read_object(request.body)
        async with self._writing:
            kept = _Kept(self._next(request, key), msgspec.Raw(request.body))
            await self._catalog.apply([Change(_KIND, key, msgspec.json.encode(kept))])
            self._kept[key] = kept
        return HttpResponse(200, JSON | {"etag": f'"{kept.revision}"'}, b'{"revision":%d}' % kept.revision)

    async def delete(self, request: HttpRequest) -> HttpResponse:
        key = _key(request)
        async with self._writing:
            if key not in self._kept:
                raise NotFound(f"There is no stack {_name(request)}.")
            self._next(request, key)
            await self._catalog.apply([Change(_KIND, key, None)])
            del self._kept[key]
        return answer({"name": _name(request)})

    def _next(self, request: HttpRequest, key: str) -> int:
        """The revision after the one that the request goes on from. Raises Conflict if that isn't the last one."""
        said = _REVISION.fullmatch(request.headers.get("if-match", ""))
        if said is None:
            raise InvalidRequest('If-Match must say the revision that this goes on from, such as "3", or "0" for none.')
        last = self._kept[key].revision if key in self._kept else 0
        if int(said[1]) != last:
            raise Conflict(
                f"Stack {_name(request)} was written by somebody else meanwhile: its revision is {last}, not {said[1]}."
            )
        return last + 1


def _home(request: HttpRequest) -> str:
    """What the keys of an account's records in a region begin with."""
    if request.caller is not None:
        return f"{request.caller.account} {request.caller.region} "
    return f"{request.query.get('account', _ACCOUNT)} {request.query.get('region', _REGION)} "


def _name(request: HttpRequest) -> str:
    name = request.path.removeprefix(f"{_PAGE}/")
    if not _NAME.fullmatch(name):
        raise InvalidRequest("A stack's name is of at most 128 letters, digits, dots, hyphens and underscores.")
    return name


def _key(request: HttpRequest) -> str:
    return _home(request) + _name(request)
