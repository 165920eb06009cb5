"""What the tests of readers share: a reading, and stacks in CloudFormation's own form, to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.contract.finding import Finding
from eventyard.resource import Join, Reference, Stack
from eventyard.templates import Given, Where, read_cloudformation, read_serverless

WHERE = Where("stack", "123456789012", "eu-west-1")
GIVEN = Given(account="123456789012", region="eu-west-1")


def template(content: str, where: Where = WHERE, path: str = "template.yaml") -> Stack:
    """The stack of a template that has to be without an error."""
    stack, findings = read_cloudformation(path, content, where)
    assert stack is not None, [str(one) for one in findings]
    return stack


def serverless(content: str, given: Given = GIVEN) -> Stack:
    stack, findings = read_serverless("serverless.yml", content, given)
    assert stack is not None, [str(one) for one in findings]
    return stack


def wrong(content: str, where: Where = WHERE, path: str = "template.yaml") -> list[tuple[int, int, str]]:
    """Line, column and rule of each error in a template, which therefore has no stack."""
    stack, findings = read_cloudformation(path, content, where)
    assert stack is None
    return errors(findings)


def errors(findings: tuple[Finding, ...]) -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.rule) for one in findings if one.severity == "error"]


def properties(stack: Stack, id: str) -> Mapping[str, Any]:
    return next(one.properties for one in stack.resources if one.id == id)


def written(value: Any) -> Any:
    """A value with references and joins as plain data."""
    if isinstance(value, Reference):
        return {"of": f"{value.resource}.{value.attribute}"}
    if isinstance(value, Join):
        return {"join": [written(part) for part in value.parts]}
    if isinstance(value, Mapping):
        return {key: written(one) for key, one in value.items()}
    return [written(one) for one in value] if isinstance(value, list | tuple) else value


def computed(value: Any, region: str, stack: str) -> Any:
    """A value of a generated template with its functions done, in the form of ``written``."""
    if isinstance(value, list):
        return [computed(one, region, stack) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        pseudo = {"Partition": "aws", "Region": region, "AccountId": "123456789012", "StackName": stack}
        pseudo["URLSuffix"] = "amazonaws.com"
        name = value["Ref"]
        return pseudo[name.removeprefix("AWS::")] if name.startswith("AWS::") else {"of": f"{name}.Ref"}
    if set(value) == {"Fn::GetAtt"}:
        return {"of": ".".join(value["Fn::GetAtt"])}
    if set(value) == {"Fn::Sub"}:
        return computed({"Ref": "AWS::StackName"}, region, stack) + value["Fn::Sub"].removeprefix("${AWS::StackName}")
    if set(value) == {"Fn::Join"}:
        between, parts = value["Fn::Join"]
        flat: list[Any] = []
        for at, part in enumerate(computed(parts, region, stack)):
            for one in [
                *([between] if at else []),
                *(part["join"] if "join" in part and isinstance(part, dict) else [part]),
            ]:
                if isinstance(one, str) and flat and isinstance(flat[-1], str):
                    flat[-1] += one
                elif one != "":
                    flat.append(one)
        return flat[0] if len(flat) == 1 else {"join": flat}
    return {key: computed(one, region, stack) for key, one in value.items()}
