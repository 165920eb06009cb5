"""Clients whose answers are held to botocore's models: members, types, greatest lengths, patterns, enumerations."""

from __future__ import annotations

import re
from typing import Any

from botocore.validate import ParamValidator


def validated(client: Any) -> Any:
    """``client``, which from now on fails the test when an answer is not what the service's model says.

    Streams of events are left out: they are read later."""

    def check(parsed: dict[str, Any], model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code >= 300 or model.output_shape is None:
            return
        if model.has_event_stream_output:
            return
        given = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        # The least lengths and numbers are for requests: AWS itself answers FailedRecordCount 0, which has 1 there.
        report = ParamValidator().validate(given, model.output_shape)
        errors = [error for error in report._errors if error[0] not in ("invalid length", "invalid range")]
        assert not errors, report.generate_report()
        _check(given, model.output_shape, model.name)

    client.meta.events.register("after-call", check)
    return client


def _check(value: Any, shape: Any, where: str) -> None:
    """What botocore leaves to the service."""
    if shape.type_name == "structure":
        for name, member in value.items():
            _check(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            _check(member, shape.member, f"{where}[{number}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            _check(key, shape.key, where)
            _check(member, shape.value, f"{where}[{key}]")
    elif shape.type_name == "string":
        assert not shape.enum or value in shape.enum, (where, value)
        assert len(value) <= shape.metadata.get("max", len(value)), (where, value)
        pattern = shape.metadata.get("pattern")
        # Python knows no classes of Unicode such as letters.
        assert pattern is None or "\\p" in pattern or re.fullmatch(pattern, value), (where, value, pattern)
