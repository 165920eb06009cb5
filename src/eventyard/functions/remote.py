"""A function that is called at a URL, by the protocol of Lambda's Runtime Interface Emulator.

Source: developer guide, "Testing ... locally" with the runtime interface emulator: the event is posted, the answer is
the body. The emulator gives errors the status 200; they are told by their form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Forbidden, TryAgain
from eventyard.functions.resources import Function, Invocation, Outcome
from eventyard.functions.runner import UNHANDLED, answered, failed, timed_out

INVOCATIONS = "/2015-03-31/functions/function/invocations"

Call = Callable[[str, Mapping[str, str], bytes, float], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""Posts to a URL and answers status, headers (names in lower case) and body, within the seconds. Raises TimeoutError,
TryAgain for what can't be reached, Forbidden for an address that must not be called."""


class _Error(msgspec.Struct):
    message: str = msgspec.field(name="errorMessage")
    kind: str = msgspec.field(name="errorType")


class Remote:
    """Keeps :class:`~eventyard.functions.runner.Runner`."""

    def __init__(self, function: Function, clock: Clock, call: Call) -> None:
        self.function = function
        self.since = clock.now()
        self.stream = "url"
        self.lines: Sequence[str] = ()
        self._call = call

    @property
    def alive(self) -> bool:
        return True

    async def stale(self) -> bool:
        return False

    async def kill(self) -> int:
        return 0

    async def invoke(self, invocation: Invocation) -> Outcome:
        headers = {"Content-Type": "application/json", "Lambda-Runtime-Aws-Request-Id": invocation.id}
        if invocation.trace and invocation.trace.isprintable():
            headers["X-Amzn-Trace-Id"] = invocation.trace
        url = address(self.function.url or "")
        try:
            status, answer, body = await self._call(url, headers, invocation.payload, float(self.function.timeout))
        except TimeoutError:
            return timed_out(self.function, invocation, ())
        except (TryAgain, Forbidden) as error:
            return failed(invocation, "Runtime.Unreachable", error.message, ())
        if not 200 <= status < 300:
            why = f"{url} answered {status}: {body[:500].decode('utf-8', 'replace')}"
            return failed(invocation, "Runtime.BadStatus", why, ())
        if "x-amz-function-error" in answer or _is_error(body):
            outcome = answered(body, ())
            return outcome if outcome.error else Outcome(body, UNHANDLED)
        return answered(body.strip() or b"null", ())


def address(url: str) -> str:
    """``url`` with the emulator's path, if it names none."""
    parts = urlsplit(url)
    return url if parts.path not in ("", "/") else parts._replace(path=INVOCATIONS).geturl()


def _is_error(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=_Error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
