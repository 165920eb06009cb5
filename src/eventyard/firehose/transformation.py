"""Records as a function makes them anew, before they are written. Runs nothing itself: it is handed who does.

Source: Data Firehose developer guide, "Transform source data", "Required parameters for data transformation" and
"Handle failure in data transformation".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Literal
from uuid import uuid4

import msgspec

from eventyard.clock import Clock
from eventyard.errors import EventyardError
from eventyard.firehose.resources import Transformation
from eventyard.firehose.source import Arrival

_PAUSE = 1.0

Ask = Callable[[str, bytes], Awaitable[bytes]]
"""What the function with this ARN makes of a payload, both JSON. Raises EventyardError where it fails."""


class Refused(msgspec.Struct, frozen=True):
    """A record that was not transformed, and why."""

    arrival: Arrival
    code: str
    message: str


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    partition_keys: dict[str, str] = {}


class _Result(msgspec.Struct, frozen=True, rename="camel"):
    record_id: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]
    data: str = ""
    metadata: _Metadata = _Metadata()


class _Answer(msgspec.Struct, frozen=True):
    records: list[_Result]


_decode = msgspec.json.Decoder(_Answer).decode


class Transformer:
    """Asks functions for the delivery stream ``arn``."""

    def __init__(self, ask: Ask, arn: str, clock: Clock) -> None:
        self._ask = ask
        self._arn = arn
        self._clock = clock

    async def transform(self, work: Transformation, arrivals: Sequence[Arrival]) -> tuple[list[Arrival], list[Refused]]:
        """What the function makes of ``arrivals``, without those that it drops, and those that it does not take."""
        made: list[Arrival] = []
        refused: list[Refused] = []
        for part in _parts(arrivals, int(work.size * (1 << 20))):
            try:
                results = {one.record_id: one for one in (await self._results(work, part)).records}
            except EventyardError as error:
                refused += [Refused(one, "Lambda.InvokeFailed", error.message) for one in part]
                continue
            except msgspec.DecodeError as error:
                message = f"The function does not answer with records: {error}"
                refused += [Refused(one, "Lambda.InvalidReturnFormat", message) for one in part]
                continue
            for one in part:
                outcome = _outcome(one, results.get(one.id))
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                elif outcome is not None:
                    made.append(outcome)
        return made, refused

    async def _results(self, work: Transformation, part: Sequence[Arrival]) -> _Answer:
        payload = msgspec.json.encode(
            {
                "invocationId": str(uuid4()),
                "deliveryStreamArn": self._arn,
                "region": self._arn.split(":")[3],
                "records": [
                    {
                        "recordId": one.id,
                        "approximateArrivalTimestamp": one.arrived,
                        "data": base64.b64encode(one.data).decode(),
                    }
                    for one in part
                ],
            }
        )
        function = work.function.removesuffix(":$LATEST")
        for _ in range(work.retries):
            try:
                return _decode(await self._ask(function, payload))
            except EventyardError:
                await self._clock.sleep(_PAUSE)
        return _decode(await self._ask(function, payload))


def _parts(arrivals: Sequence[Arrival], size: int) -> Iterator[list[Arrival]]:
    """``arrivals`` in parts of about ``size`` bytes."""
    part: list[Arrival] = []
    for one in arrivals:
        if part and sum(len(other.data) for other in part) + len(one.data) > size:
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _outcome(arrival: Arrival, result: _Result | None) -> Arrival | Refused | None:
    """What became of a record; None where it was dropped."""
    if result is None:
        return Refused(arrival, "Lambda.MissingRecordId", "The function's answer does not have the record.")
    if result.result == "ProcessingFailed":
        return Refused(arrival, "Lambda.FunctionError", "The function answered ProcessingFailed.")
    if result.result == "Dropped":
        return None
    try:
        data = base64.b64decode(result.data, validate=True)
    except binascii.Error as error:
        return Refused(arrival, "Lambda.InvalidReturnFormat", f"The data of the record is not base64: {error}")
    return msgspec.structs.replace(arrival, data=data, keys=result.metadata.partition_keys)
