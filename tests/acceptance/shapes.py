"""Holds every answer that a client gets against the service's model: members, types, required ones, bounds, enums.

botocore's parser takes what it knows and leaves the rest, so that a wrong answer could pass a test unseen."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime,),
}


#: Where AWS's own answers are outside of its model: secrets named ``events!connection/...``, rules without targets,
#: streams without metrics, batches of which nothing failed.
_LIKE_AWS = (
    "DescribeConnection.SecretArn ",
    "DescribeStream.StreamDescription.EnhancedMonitoring[0].ShardLevelMetrics is less than 1",
    "DescribeStreamSummary.StreamDescriptionSummary.EnhancedMonitoring[0].ShardLevelMetrics is less than 1",
    "EnableEnhancedMonitoring.CurrentShardLevelMetrics is less than 1",
    "DisableEnhancedMonitoring.DesiredShardLevelMetrics is less than 1",
    "ListTargetsByRule.Targets is less than 1",
    "PutRecords.FailedRecordCount is less than 1",
)


def watch(client: Any) -> Any:
    """The same client, whose calls from now on fail for answers that are not as the model says."""
    client.meta.events.register("after-call", _check)
    return client


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    if http_response.status_code >= 300 or model.output_shape is None or model.has_event_stream_output:
        return
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    problems = [each for each in problems_of(model.output_shape, answer, model.name) if not each.startswith(_LIKE_AWS)]
    assert not problems, f"{model.service_model.service_name}: {'; '.join(problems)}"


def problems_of(shape: Any, value: Any, path: str) -> list[str]:
    """What of ``value`` is not as ``shape`` says."""
    kind = shape.type_name
    if kind == "blob" or getattr(shape, "is_document_type", False):
        return []
    if not isinstance(value, _TYPES[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
        return [f"{path} is a {type(value).__name__}, not a {kind}"]
    if kind == "structure":
        return _members(shape, value, path)
    found = _bounds(shape, value, path)
    if kind == "list":
        found += [each for n, item in enumerate(value) for each in problems_of(shape.member, item, f"{path}[{n}]")]
    elif kind == "map":
        for key, item in value.items():
            found += problems_of(shape.key, key, f"{path} key {key}") + problems_of(shape.value, item, f"{path}.{key}")
    return found


def _members(shape: Any, value: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
    for name, item in value.items():
        if name in shape.members:
            found += problems_of(shape.members[name], item, f"{path}.{name}")
        else:
            found.append(f"{path}.{name} is no member")
    return found


def _bounds(shape: Any, value: Any, path: str) -> list[str]:
    facts = shape.metadata
    size = value if isinstance(value, (int, float)) else len(value) if isinstance(value, (str, list, dict)) else None
    found = []
    if size is not None and not isinstance(value, bool):
        if "min" in facts and size < facts["min"]:
            found.append(f"{path} is less than {facts['min']}")
        if "max" in facts and size > facts["max"]:
            found.append(f"{path} is more than {facts['max']}")
    if "enum" in facts and value not in facts["enum"]:
        found.append(f"{path} is {value}, which is none of {facts['enum']}")
    if "pattern" in facts and isinstance(value, str) and re.fullmatch(_python(facts["pattern"]), value) is None:
        found.append(f"{path} is {value}, which does not fit {facts['pattern']}")
    return found


def _python(pattern: str) -> str:
    return pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", r"\s")
