"""Write src/eventyard/templates/types.json: the types that templates may ask for, from AWS's own schemas.

    python docs/resource_types.py > src/eventyard/templates/types.json

The schemas are those that AWS publishes for CloudFormation, as the cfn-lint package brings them (MIT-0). Kept of a
property: its name, whether it is required, the kind of its value and a short list of allowed values. The rest is judged
by who creates the resource.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from cfnlint.schema.manager import ProviderSchemaManager

TYPES = (
    *("AWS::Events::" + name for name in ("ApiDestination", "Archive", "Connection", "Endpoint", "EventBus")),
    *("AWS::Events::EventBusPolicy", "AWS::Events::Rule"),
    *("AWS::EventSchemas::" + name for name in ("Discoverer", "Registry", "RegistryPolicy", "Schema")),
    *("AWS::IAM::" + name for name in ("ManagedPolicy", "Policy", "Role")),
    *("AWS::Kinesis::Stream", "AWS::Kinesis::StreamConsumer", "AWS::KinesisFirehose::DeliveryStream"),
    *("AWS::Lambda::" + name for name in ("EventInvokeConfig", "EventSourceMapping", "Function", "Permission")),
    *("AWS::Logs::LogGroup", "AWS::Pipes::Pipe", "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"),
    *("AWS::SNS::" + name for name in ("Subscription", "Topic", "TopicInlinePolicy", "TopicPolicy")),
    *("AWS::SQS::" + name for name in ("Queue", "QueueInlinePolicy", "QueuePolicy")),
)

#: More values than these are a list that AWS makes longer all the time (the runtimes), not a closed set.
MOST_VALUES = 12
SCALARS = ("string", "integer", "number", "boolean")


def shape(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """``schema`` as the readers take it: the name of a scalar, ``json``, ``[items]``, ``{"values": ...}`` of a map,
    ``{"enum": ...}``, ``{"fields": ..., "required": ...}``, or ``{"either": [...]}``."""
    if "$ref" in schema:
        return shape(root["definitions"][schema["$ref"].rpartition("/")[2]], root)
    kind = schema.get("type")
    if isinstance(kind, list) or (kind is None and "oneOf" not in schema):
        return "json"
    if kind == "array":
        return [shape(schema.get("items", {}), root)]
    if kind in SCALARS:
        values = schema.get("enum", ())
        return {"enum": values} if kind == "string" and 0 < len(values) <= MOST_VALUES else kind
    if "properties" in schema:
        return fields(schema, root)
    if "patternProperties" in schema:
        return {"values": shape(next(iter(schema["patternProperties"].values())), root)}
    if "oneOf" in schema:
        return {"fields": {name: one for each in schema["oneOf"] for name, one in fields(each, root)["fields"].items()}}
    return "json"


def fields(schema: Mapping[str, Any], root: Mapping[str, Any], hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
    made: dict[str, Any] = {
        "fields": {name: shape(one, root) for name, one in sorted(schema["properties"].items()) if name not in hidden}
    }
    if required := sorted(set(schema.get("required", ())) - hidden):
        made["required"] = required
    return made


def table() -> dict[str, Any]:
    made = {}
    schemas = ProviderSchemaManager()
    for name in TYPES:
        known = schemas.get_resource_schema("us-east-1", name)
        root = known.schema
        only_read = {path.removeprefix("/properties/") for path in root.get("readOnlyProperties", ())}
        made[name] = fields(root, root, frozenset(only_read))
        made[name]["attributes"] = sorted(one for one in known.get_atts if "." not in one)
    function = made["AWS::Lambda::Function"]["fields"]
    # What `aws cloudformation package` takes besides: a folder, or the file, with the code of the function.
    function["Code"] = {"either": ["string", function["Code"]]}
    # The schema allows anything; the API takes strings.
    function["Environment"]["fields"]["Variables"] = {"values": "string"}
    return made


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in table().items())
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
