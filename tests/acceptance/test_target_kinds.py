"""Each kind of target that EventBridge documents: PutTargets takes it, or refuses it and says what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from eventyard.targets.catalogue import KINDS, Kind, kind_of

_PAGE = (Path(__file__).parents[2] / "docs/targets.md").read_text()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_kind_is_delivered_to_or_refused_by_name_as_the_page_says(
    kind: Kind, connect: Callable[[str], Any], account: str
) -> None:
    assert kind_of(kind.example) == kind
    events = connect("events")
    events.put_rule(Name="r", EventPattern='{"source": ["cars"]}')
    target = {"Id": "t", "Arn": kind.example, "RoleArn": "arn:aws:iam::123456789012:role/r"}
    message = ""
    try:
        events.put_targets(Rule="r", Targets=[target])
    except ClientError as error:
        message = error.response["Error"]["Message"]
    (here,) = [line.split(" | ")[2] for line in _PAGE.splitlines() if line.startswith(f"| {kind.title} |")]
    refused = f"This server can't deliver to {kind.title}." in message
    assert refused == (here not in ("here |", "here and elsewhere |")), message


def test_what_is_no_kind_of_target_is_refused_by_its_service(connect: Callable[[str], Any], account: str) -> None:
    events = connect("events")
    events.put_rule(Name="r", EventPattern='{"source": ["cars"]}')
    for arn, reason in {
        "arn:aws:s3:::bucket": "can't deliver to a target of s3.",
        f"arn:aws:logs:us-east-1:{account}:destination:d": "Provided Arn is not in correct format.",
    }.items():
        with pytest.raises(ClientError, match=reason):
            events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
