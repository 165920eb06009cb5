"""What a function prints comes to its log group."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from tests.acceptance.waiting import until

CODE = """
def handler(event, context):
    print("selling", event["lot"])
    return context.log_group_name
"""


def test_lines_of_a_function_are_found_in_its_log_group(connect: Callable[[str], Any]) -> None:
    functions, logs = connect("lambda"), connect("logs")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", CODE)
    functions.create_function(
        FunctionName="sell",
        Runtime="python3.11",
        Role="arn:aws:iam::123456789012:role/r",
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    for lot in (7, 8):
        answer = functions.invoke(FunctionName="sell", Payload=f'{{"lot": {lot}}}')
        assert answer["Payload"].read() == b'"/aws/lambda/sell"'

    def found() -> list[str]:
        if not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/sell")["logGroups"]:
            return []
        events = logs.filter_log_events(logGroupName="/aws/lambda/sell", filterPattern="selling")["events"]
        return [event["message"] for event in events]

    until(lambda: len(found()) == 2)
    assert ["selling 7" in found()[0], "selling 8" in found()[1]] == [True, True]
