"""Records go through a function first: what it makes, drops and refuses, and what becomes of them when it fails."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

from eventyard.errors import TryAgain
from eventyard.firehose import Conversion, Destination, Hose, Partitioning, Transformation
from tests.unit.firehose.conftest import Yard

WORK = Transformation("arn:aws:lambda:eu-west-1:123456789012:function:f", retries=2)


def answering(make: Callable[[dict[str, Any], bytes], dict[str, Any]]) -> Callable[[Any], Any]:
    """A function that makes of each record, and its data, a part of its result."""

    async def handler(event: Any) -> bytes:
        results = []
        for record in event["records"]:
            data = base64.b64decode(record["data"])
            made = {"recordId": record["recordId"], "result": "Ok"} | make(record, data)
            if isinstance(made.get("data"), bytes):
                made["data"] = base64.b64encode(made["data"]).decode()
            results.append(made)
        return json.dumps({"records": results}).encode()

    return handler


async def make(yard: Yard, work: Transformation = WORK, **changes: Any) -> Hose:
    return await yard.make(transformation=work, **changes)


async def written(yard: Yard, hose: Hose, *records: bytes, files: int) -> dict[str, bytes]:
    await yard.hoses.put(hose.arn, list(records))
    await yard.clock.advance(60)
    await yard.wait(files)
    return {path.relative_to(yard.root).parts[1]: path.read_bytes() for path in yard.files()}


def letters(content: bytes) -> list[tuple[bytes, str]]:
    found = [json.loads(line) for line in content.splitlines()]
    return [(base64.b64decode(letter["rawData"]), letter["errorCode"]) for letter in found]


async def test_records_are_what_the_function_makes_of_them(yard: Yard) -> None:
    hose = await make(yard, delimiter="\n")
    seen: list[Any] = []

    def upper(record: dict[str, Any], data: bytes) -> dict[str, Any]:
        seen.append(record)
        return {"result": "Dropped"} if data == b"drop" else {"data": data.upper()}

    yard.handler = answering(upper)
    assert await written(yard, hose, b"one", b"drop", b"two", files=1) == {"in": b"ONE\nTWO\n"}
    assert seen[0]["approximateArrivalTimestamp"] == hose.created


async def test_what_the_function_refuses_is_in_the_error_file(yard: Yard) -> None:
    hose = await make(yard)
    outcomes: dict[bytes, dict[str, Any]] = {
        b"failed": {"result": "ProcessingFailed"},
        b"garbled": {"data": "no base64!"},
        b"missing": {"recordId": "somebody else", "data": b"x"},
        b"good": {"data": b"good"},
    }
    yard.handler = answering(lambda record, data: outcomes[data])
    found = await written(yard, hose, *outcomes, files=2)
    assert found["in"] == b"good"
    assert letters(found["processing-failed"]) == [
        (b"failed", "Lambda.FunctionError"),
        (b"garbled", "Lambda.InvalidReturnFormat"),
        (b"missing", "Lambda.MissingRecordId"),
    ]


async def test_function_that_fails_is_tried_again_and_then_its_records_are_kept(yard: Yard) -> None:
    hose = await make(yard)
    calls = 0

    async def fail(event: Any) -> bytes:
        nonlocal calls
        calls += 1
        raise TryAgain("It failed.")

    yard.handler = fail
    await yard.hoses.put(hose.arn, [b"a", b"b"])
    await yard.clock.advance(60)
    for _ in range(100):
        await asyncio.sleep(0.01)
        await yard.clock.advance(1)
        if yard.files():
            break
    (content,) = await yard.wait(1)
    assert letters(content) == [(b"a", "Lambda.InvokeFailed"), (b"b", "Lambda.InvokeFailed")]
    assert calls == 3


async def test_answer_without_records_is_a_failure(yard: Yard) -> None:
    hose = await make(yard)

    async def wrong(event: Any) -> bytes:
        return b"null"

    yard.handler = wrong
    found = await written(yard, hose, b"a", files=1)
    assert letters(found["processing-failed"]) == [(b"a", "Lambda.InvalidReturnFormat")]


async def test_function_gets_so_much_at_once(yard: Yard) -> None:
    hose = await make(yard, Transformation(WORK.function, size=0.2), size=2)
    sizes: list[int] = []
    echo = answering(lambda record, data: {"data": data})

    async def handler(event: Any) -> bytes:
        sizes.append(len(event["records"]))
        return bytes(await echo(event))

    yard.handler = handler
    await written(yard, hose, *[b"x" * 50_000] * 9, files=1)
    assert sizes == [4, 4, 1]


async def test_keys_of_the_function_partition_files(yard: Yard) -> None:
    hose = await make(
        yard,
        size=64,
        prefix="!{partitionKeyFromLambda:shop}-!{partitionKeyFromQuery:n}/",
        error_prefix="errors-!{firehose:error-output-type}/",
        partitioning=Partitioning("{n: .n}"),
        conversion=Conversion({}),
    )
    yard.handler = answering(
        lambda record, data: {"data": data, "metadata": {"partitionKeys": {"shop": "a"} if b"1" in data else {}}}
    )
    found = await written(yard, hose, b'{"n":1}', b'{"n":2}', files=2)
    assert set(found) == {"a-1", "errors-processing-failed"}
    assert [data for data, _ in letters(found["errors-processing-failed"])] == [b'{"n":2}']


async def test_backup_has_records_as_they_came(yard: Yard) -> None:
    hose = await make(yard, backup=Destination("role", "backup", "raw/"))
    yard.handler = answering(lambda record, data: {"data": b"new"})
    found = await written(yard, hose, b"old", files=2)
    assert found == {"in": b"new", "raw": b"old"}


async def test_server_that_stops_does_not_wait_for_the_function(yard: Yard) -> None:
    hose = await make(yard)
    asked = asyncio.Event()

    async def hang(event: Any) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    yard.handler = hang
    await yard.hoses.put(hose.arn, [b"a"])
    await yard.clock.advance(60)
    await asyncio.wait_for(asked.wait(), 5)
    again = await asyncio.wait_for(yard.again(), 5)
    assert yard.files() == []
    again.handler = answering(lambda record, data: {"data": data})
    assert await again.wait(1) == [b"a"]
    await again.hoses.close()
