"""JSON becomes Parquet: columns and their types are found in the records, and nothing that does not fit is lost."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from eventyard.errors import InvalidRequest
from eventyard.firehose import Conversion, Hose
from eventyard.firehose.columns import NOTHING, Names, widened
from tests.unit.firehose.conftest import Yard

MIB = 1 << 20


async def make(yard: Yard, **settings: Any) -> Hose:
    return await yard.make(size=64, conversion=Conversion({}, **settings))


async def written(yard: Yard, hose: Hose, *records: bytes, files: int = 1) -> list[Path]:
    """The files that ``records`` become."""
    await yard.hoses.put(hose.arn, list(records))
    await yard.clock.advance(60)
    await yard.wait(files)
    return yard.files()


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def letters(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


async def test_records_are_rows_of_typed_columns(yard: Yard) -> None:
    hose = await make(yard)
    one = {"Id": 1, "price": 2, "paid": True, "car": {"vin": "V", "doors": [1, 2]}, "note": None}
    two = {"Id": 2, "price": 2.5, "paid": False, "car": {"vin": "W", "doors": []}, "extra": "x"}
    (path,) = await written(yard, hose, json.dumps(one).encode(), json.dumps(two).encode())
    assert path.name.endswith(".parquet")
    assert path.relative_to(yard.root).parts[:2] == ("bucket", "in")
    schema = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert schema == {
        "id": "int64",
        "price": "double",
        "paid": "bool",
        "car": "struct<vin: string, doors: list<element: int64>>",
        "note": "string",
        "extra": "string",
    }
    assert rows(path) == [
        {"id": 1, "price": 2.0, "paid": True, "car": {"vin": "V", "doors": [1, 2]}, "note": None, "extra": None},
        {"id": 2, "price": 2.5, "paid": False, "car": {"vin": "W", "doors": []}, "note": None, "extra": "x"},
    ]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "SNAPPY"


@pytest.mark.parametrize(("asked", "found"), [("GZIP", "GZIP"), ("UNCOMPRESSED", "UNCOMPRESSED")])
async def test_compression_is_the_one_that_was_asked_for(yard: Yard, asked: Any, found: str) -> None:
    hose = await make(yard, compression=asked)
    (path,) = await written(yard, hose, b'{"a":1}')
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == found


async def test_several_objects_in_a_record_are_several_rows(yard: Yard) -> None:
    hose = await make(yard)
    (path,) = await written(yard, hose, b'{"a":1}{"a":2}\n{"a":3}', b' {"a":4}\n')
    assert [row["a"] for row in rows(path)] == [1, 2, 3, 4]


async def test_records_that_do_not_fit_are_in_the_error_file_whole(yard: Yard) -> None:
    hose = await make(yard)
    bad = [
        b"no json",
        b'{"a":"text"}',
        b'[{"a":1}]',
        b"{}",
        b'{"a":99999999999999999999}',
        b'{"a":2,"A":3}',
        b"\xff{}",
        b'{"a":NaN}',
        b"",
    ]
    bad += [b'{"b":' + b"[" * 600 + b"]" * 600 + b"}", b'{"b":' + b"[" * 5000 + b"]" * 5000 + b"}"]
    bad_pair = b'{"a":5}{"a":"x"}'
    found = await written(yard, hose, b'{"a":1}', *bad, bad_pair, b'{"a":2}', files=2)
    good = next(path for path in found if path.suffix == ".parquet")
    assert rows(good) == [{"a": 1}, {"a": 2}]
    (errors,) = [path for path in found if path != good]
    assert errors.relative_to(yard.root).parts[:2] == ("bucket", "format-conversion-failed")
    assert [base64.b64decode(each["rawData"]) for each in letters(errors)] == [*bad, bad_pair]
    first = letters(errors)[0]
    assert first["arrivalTimestamp"] == hose.created
    assert (first["ErrorCode"], first["attemptsMade"]) == ("DataFormatConversion.ParseError", 1)
    assert "not JSON" in first["ErrorMessage"]


async def test_only_bad_records_leave_no_empty_table(yard: Yard) -> None:
    hose = await make(yard)
    (path,) = await written(yard, hose, b"bad")
    assert "format-conversion-failed" in str(path)


async def test_whole_numbers_become_floating_where_a_later_record_needs_it(yard: Yard) -> None:
    hose = await make(yard)
    large = (1 << 60) + 1
    (path,) = await written(yard, hose, b'{"a":%d}' % large, b'{"a":0.5}', b'{"a":1e20}', b'{"a":7}')
    assert [row["a"] for row in rows(path)] == [float(large), 0.5, 1e20, 7.0]


async def test_what_has_no_type_is_text(yard: Yard) -> None:
    hose = await make(yard)
    (path,) = await written(yard, hose, b'{"a":null,"b":{},"c":[{}],"d":[]}')
    assert rows(path) == [{"a": None, "b": "{}", "c": ["{}"], "d": []}]


async def test_large_batches_have_several_row_groups(yard: Yard) -> None:
    hose = await make(yard)
    for start in range(0, 12_000, 3000):
        await yard.hoses.put(hose.arn, [b'{"n":%d}' % number for number in range(start, start + 3000)])
    (path,) = await written(yard, hose)
    await asyncio.sleep(0)
    assert pq.ParquetFile(path).metadata.num_row_groups == 2
    assert [row["n"] for row in rows(path)] == list(range(12_000))


def test_keys_become_names_of_columns() -> None:
    conversion = Conversion({}, underscores=True, names={"ts": "Timestamp"})
    assert Names(conversion).row({"Timestamp": 1, "A.b": {"C.d": 2}, "e": [{"F": 3}]}) == {
        "ts": 1,
        "a_b": {"c_d": 2},
        "e": [{"f": 3}],
    }
    assert Names(Conversion({}, lower=False)).row({"A": 1, "a": 2}) == {"A": 1, "a": 2}
    with pytest.raises(InvalidRequest, match="same column"):
        Names(Conversion({})).row({"A": 1, "a": 2})


@pytest.mark.parametrize(
    ("first", "second"),
    [({"a": 1}, {"a": "x"}), ({"a": [1]}, {"a": 1}), ({"a": {"b": 1}}, {"a": {"b": True}}), ({"a": "x"}, {"a": {}})],
)
def test_first_record_decides_about_types(first: dict[str, Any], second: dict[str, Any]) -> None:
    known = widened(NOTHING, first)
    with pytest.raises(InvalidRequest, match="of another type"):
        widened(known, second)
    assert widened(known, {"a": None}) == known
