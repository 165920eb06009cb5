"""The ids of what Serverless Framework makes (its documentation, "AWS CloudFormation Resource Reference")."""

from __future__ import annotations

import re

from eventyard.templates.tree import Fields, Items, Node, Scalar, text


def normalized(name: str) -> str:
    """Of a function: dashes and underscores in words, the first letter large."""
    worded = name.replace("-", "Dash").replace("_", "Underscore")
    return letters(worded)


def letters(name: str) -> str:
    """Letters and digits only, the first large."""
    kept = re.sub(r"[^0-9A-Za-z]", "", name)
    return kept[:1].upper() + kept[1:]


def source(arn: Node) -> str:
    """The part of an id that a queue, stream or topic gives: the end of its ARN, or the id of its resource."""
    if isinstance(arn, Scalar):
        return letters(re.split(r"[:/]", text(arn.value))[-1])
    only = arn.only() if isinstance(arn, Fields) else None
    if only is None:
        return "Source"
    argument = only[1].node
    if isinstance(argument, Items) and argument.items:
        at = argument.items[-1] if only[0] == "Fn::Join" else argument.items[0]
        return source(at.items[-1]) if isinstance(at, Items) and at.items else source(at)
    written = text(argument.value) if isinstance(argument, Scalar) else ""
    return letters(written.partition(".")[0] if only[0] == "Fn::GetAtt" else re.split(r"[:/]", written)[-1])
