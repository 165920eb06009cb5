"""Names of files: prefixes are evaluated as AWS does it, and never lead out of the bucket's directory."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eventyard.errors import InvalidRequest
from eventyard.firehose import Hose, check_destination
from eventyard.firehose.objects import object_key
from tests.unit.firehose.conftest import PLAIN

ID = "11111111-2222-5333-8444-abcdefabcdef"
TIME = 1_699_999_805_000  # 2023-11-14T22:10:05Z, day 318 of the year
TAIL = f"h-1-2023-11-14-22-10-05-{ID}"
ERRORS = "errors/!{firehose:error-output-type}/"


def key(prefix: str, **changes: str) -> str:
    destination = replace(PLAIN, prefix=prefix, error_prefix=ERRORS, **changes)
    return object_key(Hose("arn", "1", "r", "h", TIME, destination), TIME, ID)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", f"2023/11/14/22/{TAIL}"),
        ("logs/", f"logs/2023/11/14/22/{TAIL}"),
        ("logs-", f"logs-2023/11/14/22/{TAIL}"),
        ("a=!{timestamp:yyyy-MM-dd}/", f"a=2023-11-14/{TAIL}"),
        ("!{timestamp:yyyy}/!{timestamp:DDD}/", f"2023/318/{TAIL}"),
        ("!{timestamp:'year='yyyy'/hour='H}/", f"year=2023/hour=22/{TAIL}"),
        ("!{timestamp:yy_M_d_H_m_s}/", f"23_11_14_22_10_5/{TAIL}"),
        ("!{firehose:random-string}/", f"efabcdefabcdef/{TAIL}"[3:]),
        ("/a//b/!{timestamp:mm}/", f"a/b/10/{TAIL}"),
    ],
)
def test_prefix_is_evaluated(prefix: str, expected: str) -> None:
    assert key(prefix) == expected


def test_time_zone_and_extension_count() -> None:
    assert key("", zone="Asia/Tokyo", extension=".json") == f"2023/11/15/07/h-1-2023-11-15-07-10-05-{ID}.json"
    assert key("", compression="GZIP").endswith(f"{ID}.gz")


@pytest.mark.parametrize(
    "changes",
    [
        {"prefix": "../"},
        {"prefix": "a/../../b/"},
        {"prefix": "./"},
        {"prefix": "a\0b/"},
        {"prefix": "x" * 300},
        {"prefix": "!{timestamp:'..'}/"},
        {"prefix": "!{timestamp:'/../'}"},
        {"prefix": "!{timestamp:yyyyy}/"},
        {"prefix": "!{timestamp:'open}/"},
        {"prefix": "!{partitionKeyFromQuery:a}/"},
        {"prefix": "!{firehose:error-output-type}/"},
        {"prefix": "!{timestamp}/"},
        {"prefix": "!{timestamp:yyyy}/", "error_prefix": ""},
        {"prefix": "!{timestamp:yyyy}/", "error_prefix": "errors/"},
        {"bucket": ".."},
        {"bucket": "a..b"},
        {"bucket": ".partial"},
        {"bucket": "UPPER"},
        {"zone": "Nowhere/Land"},
        {"zone": "../../etc/passwd"},
    ],
)
def test_destination_that_could_not_be_written_to_is_refused(changes: dict[str, str]) -> None:
    destination = replace(PLAIN, **{"error_prefix": ERRORS} | changes)
    with pytest.raises(InvalidRequest) as caught:
        check_destination(Hose("arn", "1", "r", "h", TIME, destination))
    assert caught.value.code == "InvalidArgumentException"
