"""OAuth access tokens by the client credentials grant: fetched when needed, kept in memory, renewed before they end.

Sources: RFC 6749, 4.4 and 5.1; user guide, "Authorization methods for connections" (renewal 60 s before the end).
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import msgspec

from eventyard.clock import Clock
from eventyard.destination import Access, OAuth
from eventyard.errors import Forbidden
from eventyard.targets.http.answer import Answer
from eventyard.targets.http.client import Call, Client, Unreachable
from eventyard.targets.http.outcome import describe
from eventyard.targets.http.parameters import USER_AGENT, with_query

_MARGIN = 60_000
#: For answers that don't say (RFC 6749, 5.1: then the server should have documented it).
_USUAL = 3600.0
_LONGEST = 86_400.0


class NoToken(Exception):
    """There is no token to be had; the text says why, without secrets."""


class _Answered(msgspec.Struct):
    access_token: str
    token_type: str = "bearer"
    expires_in: float | str | None = None


class _Token(msgspec.Struct, frozen=True):
    version: int
    text: str
    until: int


class Tokens:
    """One token for each connection."""

    def __init__(self, client: Client, clock: Clock, timeout: float) -> None:
        self._client = client
        self._clock = clock
        self._timeout = timeout
        self._kept: dict[str, _Token] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[_Token]] = {}

    async def token(self, access: Access, oauth: OAuth) -> str:
        """A token that is good for a while. Raises NoToken. Any number of callers share one request."""
        kept = self._kept.get(access.connection)
        if kept is not None and kept.version == access.version and kept.until > self._clock.now():
            return kept.text
        key = (access.connection, access.version)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(access, oauth), name="oauth")
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return (await asyncio.shield(task)).text

    def forget(self, access: Access, text: str) -> None:
        """The token was refused: the next caller gets a new one."""
        kept = self._kept.get(access.connection)
        if kept is not None and kept.text == text:
            del self._kept[access.connection]

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _answered(self, key: tuple[str, int], task: asyncio.Task[_Token]) -> None:
        self._asking.pop(key, None)
        if not task.cancelled() and task.exception() is None:
            self._kept[key[0]] = task.result()

    async def _fetch(self, access: Access, oauth: OAuth) -> _Token:
        asked = self._clock.now()
        try:
            answer = await self._client.send(_request(oauth), self._timeout)
        except TimeoutError as error:
            raise NoToken("The authorization endpoint took too long to answer.") from error
        except (Unreachable, Forbidden) as error:
            raise NoToken(f"The authorization endpoint can't be reached: {error}.") from error
        if not 200 <= answer.status < 300:
            raise NoToken(f"The authorization endpoint refused: {describe(answer, access.secrets)}.")
        text, seconds = _read(answer)
        # Short-lived tokens are kept for half their life: with the full margin they would never be used twice.
        margin = min(_MARGIN, int(seconds * 500))
        return _Token(access.version, text, asked + int(seconds * 1000) - margin)


def _request(oauth: OAuth) -> Call:
    """What the user set of the same name wins over what the grant asks for. Credentials go with the parameters (RFC
    6749, 2.3.1), because the method is the user's choice, and GET has no body."""
    grant = {
        "grant_type": "client_credentials",
        "client_id": oauth.client_id,
        "client_secret": oauth.client_secret,
    }
    query = dict(oauth.extra.query)
    body: bytes | None = None
    headers = {"user-agent": ("User-Agent", USER_AGENT), "accept": ("Accept", "application/json")}
    if oauth.method == "GET":
        query = grant | dict(oauth.extra.body) | query
    else:
        headers["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        body = urlencode(grant | dict(oauth.extra.body), quote_via=quote).encode()
    for name, value in oauth.extra.headers:
        headers[name.lower()] = (name, value)
    return Call(oauth.method, with_query(oauth.endpoint, query), tuple(headers.values()), body)


def _read(answer: Answer) -> tuple[str, float]:
    """Token and life in seconds. Raises NoToken; its text never holds the answer, which may hold a token."""
    try:
        found = msgspec.json.decode(answer.body, type=_Answered)
        seconds = _USUAL if found.expires_in is None else float(found.expires_in)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NoToken("The authorization endpoint's answer holds no access token.") from error
    if found.token_type.lower() != "bearer":
        raise NoToken("The authorization endpoint's token is not a bearer token.")
    usable = found.access_token.isascii() and found.access_token.isprintable() and " " not in found.access_token
    if not found.access_token or not usable:
        raise NoToken("The authorization endpoint's token can't be sent in a header.")
    if not seconds > 0:
        raise NoToken("The authorization endpoint's token has expired already.")
    return found.access_token, min(seconds, _LONGEST)
