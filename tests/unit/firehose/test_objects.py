"""Names of files: prefixes are evaluated as AWS does it, and never lead out of the bucket's directory."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from eventyard.errors import InvalidRequest
from eventyard.firehose import Conversion, Destination, Hose, Partitioning, check_destination
from eventyard.firehose.objects import error_key, object_key
from tests.unit.firehose.conftest import PLAIN

ID = "11111111-2222-5333-8444-abcdefabcdef"
TIME = 1_699_999_805_000  # 2023-11-14T22:10:05Z, day 318 of the year
TAIL = f"h-1-2023-11-14-22-10-05-{ID}"
ERRORS = "errors/!{firehose:error-output-type}/"


def key(prefix: str, **changes: str) -> str:
    destination = replace(PLAIN, prefix=prefix, error_prefix=ERRORS, **changes)
    return object_key(
        Hose("arn", "1", "r", "h", TIME, destination),
        destination,
        TIME,
        ID,
        {"partitionKeyFromQuery:a": "1", "partitionKeyFromQuery:b": "x/y"},
    )


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
        ("a=!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}-!{timestamp:yy}/", f"a=1/x/y-23/{TAIL}"),
    ],
)
def test_prefix_is_evaluated(prefix: str, expected: str) -> None:
    assert key(prefix) == expected


def test_time_zone_and_extension_count() -> None:
    assert key("", zone="Asia/Tokyo", extension=".json") == f"2023/11/15/07/h-1-2023-11-15-07-10-05-{ID}.json"
    assert key("", compression="GZIP").endswith(f"{ID}.gz")


@pytest.mark.parametrize(
    ("error_prefix", "expected"),
    [
        ("", f"format-conversion-failed/2023/11/14/22/{TAIL}"),
        ("bad/", f"bad/format-conversion-failed/2023/11/14/22/{TAIL}"),
        ("bad/!{firehose:error-output-type}/", f"bad/format-conversion-failed/{TAIL}"),
        ("bad/!{timestamp:yyyy}/", f"bad/2023/{TAIL}"),
    ],
)
def test_failures_have_their_own_names(error_prefix: str, expected: str) -> None:
    destination = replace(PLAIN, error_prefix=error_prefix, extension=".json")
    hose = Hose("arn", "1", "r", "h", TIME, destination)
    assert error_key(hose, destination, "format-conversion-failed", TIME, ID) == expected


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
        {"prefix": "!{partitionKeyFromLambda:a}/"},
        {"prefix": "!{firehose:error-output-type}/"},
        {"size": 64, "partitioning": Partitioning("{a: .a}")},
        {"size": 63, "prefix": "!{partitionKeyFromQuery:a}/", "partitioning": Partitioning("{a: .a}")},
        {"size": 64, "compression": "GZIP", "conversion": Conversion({})},
        {"size": 64, "delimiter": "\n", "conversion": Conversion({})},
        {"backup": Destination("role", "..")},
        {"backup": Destination("role", "backup", "!{timestamp:yyyy}/")},
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
def test_destination_that_could_not_be_written_to_is_refused(changes: dict[str, Any]) -> None:
    destination = replace(PLAIN, **{"error_prefix": ERRORS} | changes)
    with pytest.raises(InvalidRequest) as caught:
        check_destination(Hose("arn", "1", "r", "h", TIME, destination))
    assert caught.value.code == "InvalidArgumentException"
