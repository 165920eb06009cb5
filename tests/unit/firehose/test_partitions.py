"""Records go to files by the keys that a query finds in them; what has no keys is kept with the reason."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.firehose import Conversion, Destination, Hose, Partitioning, Splitting, StreamSource
from eventyard.firehose.partition import Query
from tests.unit.firehose.conftest import Yard

PREFIX = "shop=!{partitionKeyFromQuery:shop}/!{timestamp:yyyy}/"
ERRORS = "errors/!{firehose:error-output-type}/"


async def make(yard: Yard, query: str = "{shop: .shop}", **more: Any) -> Hose:
    given: dict[str, Any] = {"prefix": PREFIX, "error_prefix": ERRORS} | more
    return await yard.make(size=64, partitioning=Partitioning(query), **given)


async def written(yard: Yard, hose: Hose, *records: bytes, files: int) -> dict[str, bytes]:
    """The contents of the files that ``records`` become, by directory."""
    await yard.hoses.put(hose.arn, list(records))
    await yard.clock.advance(60)
    await yard.wait(files)
    return {str(path.relative_to(yard.root).parent): path.read_bytes() for path in yard.files()}


async def test_each_partition_has_its_file(yard: Yard) -> None:
    hose = await make(yard, delimiter="\n")
    records = [b'{"shop":"a","n":1}', b'{"shop":"b","n":2}', b'{"shop":"a","n":3}']
    assert await written(yard, hose, *records, files=2) == {
        "bucket/shop=a/2023": records[0] + b"\n" + records[2] + b"\n",
        "bucket/shop=b/2023": records[1] + b"\n",
    }


async def test_records_without_keys_are_in_the_error_file(yard: Yard) -> None:
    hose = await make(yard)
    bad = [
        b"no json",
        b"{}",
        b'{"shop":null}',
        b'{"shop":""}',
        b'{"shop":["a"]}',
        b'{"shop":"a/../b"}',
        b'{"shop":"a\\u0000"}',
    ]
    found = await written(yard, hose, b'{"shop":1}', *bad, files=2)
    assert found["bucket/shop=1/2023"] == b'{"shop":1}'
    letters = [json.loads(line) for line in found["bucket/errors/processing-failed"].splitlines()]
    assert [base64.b64decode(letter["rawData"]) for letter in letters] == bad
    assert {letter["errorCode"] for letter in letters} == {"DynamicPartitioning.MetadataExtractionFailed"}


async def test_at_most_500_partitions_are_active(yard: Yard) -> None:
    hose = await make(yard)
    records = [b'{"shop":%d}' % number for number in range(502)]
    found = await written(yard, hose, *records, files=501)
    letters = [json.loads(line) for line in found["bucket/errors/processing-failed"].splitlines()]
    assert [base64.b64decode(letter["rawData"]) for letter in letters] == records[500:]


async def test_partitions_can_be_parquet(yard: Yard) -> None:
    hose = await make(yard, conversion=Conversion({}))
    await written(yard, hose, b'{"shop":"a","n":1}', b'{"shop":"b","n":"x"}', files=2)
    tables = {path.relative_to(yard.root).parts[1]: pq.ParquetFile(path).read().to_pylist() for path in yard.files()}
    assert tables == {"shop=a": [{"shop": "a", "n": 1}], "shop=b": [{"shop": "b", "n": "x"}]}


@pytest.mark.parametrize(
    ("splitting", "record"),
    [
        (Splitting(), b'{"shop":"a"} {"shop":"b"}\n{"shop":"a"}'),
        (Splitting(b"##"), b'{"shop":"a"}##{"shop":"b"}##{"shop":"a"}##'),
    ],
)
async def test_aggregated_records_are_split_before(yard: Yard, splitting: Splitting, record: bytes) -> None:
    hose = await make(yard, splitting=splitting, delimiter="\n")
    assert await written(yard, hose, record, files=2) == {
        "bucket/shop=a/2023": b'{"shop":"a"}\n' * 2,
        "bucket/shop=b/2023": b'{"shop":"b"}\n',
    }


async def test_what_can_not_be_split_is_in_the_error_file(yard: Yard) -> None:
    hose = await make(yard, splitting=Splitting())
    too_many = b'{"shop":"a"}' * 501
    found = await written(yard, hose, b'{"shop":"a"} {', too_many, files=1)
    letters = [json.loads(line) for line in found["bucket/errors/processing-failed"].splitlines()]
    assert [base64.b64decode(letter["rawData"]) for letter in letters] == [b'{"shop":"a"} {', too_many]


async def test_records_are_backed_up_as_they_came(yard: Yard) -> None:
    backup = Destination("role", "backup", "raw/", compression="GZIP")
    hose = await make(yard, backup=backup, delimiter="\n")
    found = await written(yard, hose, b'{"shop":"a"}', b"bad", files=3)
    assert gzip.decompress(found["backup/raw/2023/11/14/22"]) == b'{"shop":"a"}bad'
    (path,) = [path for path in yard.files() if "backup" in path.parts]
    assert path.name.endswith(".gz")


@pytest.mark.parametrize(
    ("query", "record", "keys"),
    [
        ("{a: .a, b: .b.c}", b'{"a":"x","b":{"c":true}}', {"a": "x", "b": "true"}),
        ('{year: .t|strftime("%Y")}', b'{"t":1565382027}', {"year": "2019"}),
        ('{a: (.a // "none")}', b"{}", {"a": "none"}),
        ('{a: (if .n > 5 then "big" else "small" end)}', b'{"n":6}', {"a": "big"}),
        ('{"a": .list[0]|ascii_downcase}', b'{"list":["X"]}', {"a": "x"}),
        ('{a: .d|split("-")[0], n: .n}', b'{"d":"2023-11","n":1.5}', {"a": "2023", "n": "1.5"}),
    ],
)
def test_query_finds_keys(query: str, record: bytes, keys: dict[str, str]) -> None:
    assert Query(query).keys(record) == keys


@pytest.mark.parametrize(
    "query",
    [
        "{a: env}",
        "{a: $ENV.HOME}",
        "def f: f; {a: f}",
        "{a: [range(1e9)]}",
        "{a: ..}",
        '{a: ("x" * 1000000000)}',
        '{a: "\\(env)"}',
        "{a: input}",
        "{a: [repeat(1)]}",
        '{a: (.a|test("(a+)+$"))}',
        "{a: @base64}",
        "{a: .a as $x | $x}",
        'import "x" as x; {a: 1}',
        "{a: (.a|getpath([]))}",
    ],
)
def test_what_could_harm_the_server_is_refused_by_name(query: str) -> None:
    with pytest.raises(Unsupported, match="MetadataExtractionQuery is not supported"):
        Query(query)


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not valid"):
        Query("{a: .b")


async def test_records_of_a_stream_become_files(yard: Yard, tmp_path: Path) -> None:
    source = StreamSource("arn:aws:kinesis:eu-west-1:123456789012:stream/s", "role", yard.clock.now())
    destination = Destination("role", "bucket", size=1, interval=60, delimiter="\n")
    hose = await yard.hoses.create("123456789012", "eu-west-1", "k", destination, {}, None, source)
    yard.feeds.put(b"one", yard.clock.now())
    await yard.clock.advance(60)
    assert await yard.wait(1) == [b"one\n"]
    yard = await yard.again()
    yard.feeds.put(b"two", yard.clock.now())
    await yard.clock.advance(60)
    assert sorted(await yard.wait(2)) == [b"one\n", b"two\n"]
    with pytest.raises(InvalidRequest, match="KinesisStreamAsSource"):
        await yard.hoses.put(hose.arn, [b"x"])
    await yard.hoses.delete(hose.arn)
    assert await yard.store.progress.load() == {}
    await yard.hoses.close()
