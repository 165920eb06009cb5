"""How other rooms have functions run for them."""

from __future__ import annotations

from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, TryAgain
from eventyard.event import new_ids
from eventyard.functions import Functions, Invocation


async def ask(functions: Functions, clock: Clock, function: str, payload: bytes) -> bytes:
    """What a function answers to ``payload``. Raises TryAgain where it failed, NotFound without it."""
    invocation = Invocation(new_ids(1, clock.now())[0], payload)
    try:
        outcome = await functions.invoke(function, invocation)
    except InvalidRequest as error:
        raise TryAgain(error.message, error.code) from error
    if outcome.error is not None:
        raise TryAgain(f"The function failed: {outcome.payload.decode('utf-8', 'replace')[:500]}", outcome.error)
    return outcome.payload
