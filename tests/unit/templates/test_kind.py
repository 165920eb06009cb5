"""Which kind of file it is, is told by its name and what it says."""

from __future__ import annotations

import pytest

from eventyard.templates import Given, kind_of, read_serverless


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("shop/serverless.yml", "", "serverless"),
        ("other.yml", "service: a\nprovider: aws\n", "serverless"),
        ("eventyard.yml", "Resources: {}", "own"),
        ("infra.yaml", "Resources: {}", "cloudformation"),
        ("infra.json", '{"Transform": "x"}', "cloudformation"),
        ("template.yaml", "[", "cloudformation"),
        ("buses.yml", "buses: {}", "own"),
        ("buses.yml", "[" * 1_000, "own"),
    ],
)
def test_kinds_of_files(path: str, content: str, kind: str) -> None:
    assert kind_of(path, content) == kind


def test_a_value_for_serverless_framework_that_nobody_asks_for_is_an_error() -> None:
    content = "service: s\nprovider: {name: aws, runtime: python3.11}\nfunctions: {f: {handler: 'h.${opt:name}'}}\n"
    values = {"stage": "test", "name": "f", "nam": "x"}
    stack, findings = read_serverless("serverless.yml", content, Given(options=values, parameters=values))
    assert stack is None
    assert [one.rule for one in findings] == ["unknown-parameter"]
    assert read_serverless("serverless.yml", content, Given(options={"name": "f"}, parameters={"stage": "x"}))[0]
