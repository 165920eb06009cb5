"""What a target gets: AWS's recorded answers and the user guide's rules, case by case."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventyard.errors import InvalidRequest
from eventyard.transform import Context, compile_transform

CONTEXT = Context("arn:aws:events:us-east-1:123456789012:rule/r", "r", "2026-11-23T12:00:00Z")
DETAIL = {"name": "Ada", "n": 7, "ok": True, "none": None, "obj": {"acc_id": "0a", "sf_id": "baz"}, "list": ["A", "B"]}


def body(detail: Any = DETAIL, indent: int | None = None) -> bytes:
    text = json.dumps(detail, indent=indent)
    return b'{"version":"0","id":"i","detail-type":"T","source":"s","resources":["r1"],"detail":' + text.encode() + b"}"


def fill(template: str, detail: Any = DETAIL, indent: int | None = None, **paths: str) -> str:
    made = compile_transform("x", input=None, input_path=None, paths=paths, template=template)
    assert made is not None
    return made(body(detail, indent), CONTEXT).decode()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"v": <name>}', '{"v": "Ada"}'),
        ('{"v": <n>, "w": <ok>, "x": <none>}', '{"v": 7, "w": true, "x": null}'),
        ('{"v": <absent>}', '{"v": ""}'),
        ('{"v": "to <name>, <absent>!"}', '{"v": "to Ada, !"}'),
        ('{"v": "is <obj>"}', '{"v": "is {acc_id:0a,sf_id:baz}"}'),
        ('{"v": "is <list>"}', '{"v": "is [A,B]"}'),
        ('{"v": <list>}', '{"v": ["A", "B"]}'),
        ('"<name> did it"', '"Ada did it"'),
        ('{"v": "\\"<name>\\""}', '{"v": "\\"Ada\\""}'),
        ('{"v": "ends in \\\\", "w": <name>}', '{"v": "ends in \\\\", "w": "Ada"}'),
    ],
)
def test_template_is_filled_as_aws_does_it(template: str, expected: str) -> None:
    paths = {name: f"$.detail.{name}" for name in (*DETAIL, "absent")}
    assert fill(template, **paths) == expected


def test_layout_of_an_object_does_not_show_inside_of_a_text() -> None:
    assert fill('{"v": "is <o>"}', indent=2, o="$.detail.obj") == '{"v": "is {acc_id:0a,sf_id:baz}"}'


def test_object_as_the_whole_of_a_text_delivers_nothing() -> None:
    with pytest.raises(InvalidRequest):
        fill('{"v": "<o>"}', o="$.detail.obj")


def test_reserved_variables() -> None:
    assert fill('"<aws.events.rule-name> <aws.events.rule-arn>"') == f'"r {CONTEXT.rule_arn}"'
    assert fill("<aws.events.event.json>") == body().decode()
    without = json.loads(fill('{"e": <aws.events.event>}'))["e"]
    assert "detail" not in without
    assert without["detailType"] == "T"
    assert json.loads(fill('{"t": <aws.events.event.ingestion-time>}')) == {"t": CONTEXT.ingestion_time}


def test_input_path_delivers_the_original_text() -> None:
    made = compile_transform("x", input=None, input_path="$.detail", paths=None, template=None)
    assert made is not None
    assert made(body({"a": 1}, indent=3), CONTEXT) == json.dumps({"a": 1}, indent=3).encode()


def test_paths_go_by_names_and_indexes() -> None:
    assert fill("<a> <b> <c>", a="$.resources[0]", b="$['detail']['obj'].acc_id", c="$.detail-type") == '"r1" "0a" "T"'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.detail.cars[*].vin", '["1", "2"]'),
        ("$.detail.cars[*]['vin']", '["1", "2"]'),
        ("$.detail.cars[1].vin", '"2"'),
        ("$.detail.cars[2].vin", '""'),
        ("$.detail.cars[*].absent", '""'),
        ("$.detail.absent[*]", '""'),
        ("$.detail.prices.*", "[1, 2.50]"),
        ("$.detail.prices[*]", "[1, 2.50]"),
        ("$.detail.cars[*].tags[*]", '["a", "b", "c"]'),
        ("$.detail.a/b", "true"),
        ("$.resources[*]", '["r1"]'),
    ],
)
def test_wildcards_give_a_list_of_what_they_find(path: str, expected: str) -> None:
    detail = '{"cars":[{"vin":"1","tags":["a","b"]},{"vin":"2","tags":["c"]}],"prices":{"x":1,"y":2.50},"a/b":true}'
    made = compile_transform("x", input=None, input_path=None, paths={"v": path}, template="<v>")
    assert made is not None
    payload = made(body({}).replace(b"{}", detail.encode()), CONTEXT).decode()
    assert payload.replace(",", ", ").replace(",  ", ", ") == expected


@pytest.mark.parametrize("path", ["$..vin", "$.a[0,1]", "$.a[0:1]", "$.a[?(@.b)]", "$.a[-1]", "$.a b", "$.", "$.a[]"])
def test_other_json_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="Invalid JSONPath"):
        compile_transform("x", input=None, input_path=None, paths={"v": path}, template="<v>")


@pytest.mark.parametrize(
    "template",
    [
        '{"v": <v>',
        '{"v": "<v>}',
        "{<v>: 1}",
        '{"<v>": 1}',
        '{"a": {"x<v>" : 1}}',
        "{v: <v>}",
        "[<v>,]",
        '{"v": <v> <v>}',
    ],
)
def test_templates_that_can_never_be_json_are_refused_when_put(template: str) -> None:
    with pytest.raises(InvalidRequest, match="Invalid InputTemplate for target x"):
        compile_transform("x", input=None, input_path=None, paths={"v": "$.detail"}, template=template)


def test_input_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        compile_transform("x", input="[" * 4000 + "]" * 4000, input_path=None, paths=None, template=None)


def _nested(levels: int) -> str:
    return '{"a":' * levels + '"x"' + "}" * levels


@pytest.mark.parametrize("levels", [10, 990, 1000])
def test_events_as_deep_as_they_may_be_are_transformed(levels: int) -> None:
    deep = body({}).replace(b'"detail":{}', b'"detail":' + _nested(levels).encode())
    paths = {"d": "$.detail", "in": "$.detail.a.a", "each": "$.detail.a.*"}
    template = (
        '{"d": <d>, "t": "is <d>", "in": <in>, "each": <each>, "e": <aws.events.event>, "j": <aws.events.event.json>}'
    )
    made = compile_transform("x", input=None, input_path=None, paths=paths, template=template)
    assert made is not None
    payload = made(deep, CONTEXT).decode()
    assert payload.startswith(
        '{"d": ' + _nested(levels) + ', "t": "is ' + "{a:" * levels + "x" + "}" * levels + '", "in"'
    )
    assert f'"in": {_nested(levels - 2)}, "each": [{_nested(levels - 2)}], "e": {{"version":"0"' in payload
    assert payload.endswith(', "j": ' + deep.decode() + "}")


def test_input_is_delivered_whatever_happened() -> None:
    made = compile_transform("x", input='{"a":  1}', input_path=None, paths=None, template=None)
    assert made is not None
    assert made(b"{}", CONTEXT) == b'{"a":  1}'


def test_nothing_given_means_the_body_itself() -> None:
    assert compile_transform("x", input=None, input_path=None, paths=None, template=None) is None
    assert compile_transform("x", input=None, input_path="$", paths=None, template=None) is None


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"template": "<x>", "paths": {}}, "InputTemplate for target t contains invalid placeholder x."),
        ({"input": "{"}, "JSON syntax error in input for target t"),
        ({"input": "1", "input_path": "$"}, "Only one of Input, InputPath, or InputTransformer must be provided"),
        ({"input_path": "detail"}, "Invalid InputPath for target t"),
        ({"template": "<aws.x>", "paths": {"aws.x": "$"}}, "reserved name"),
    ],
)
def test_what_cannot_be_is_refused(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message.replace(".", r"\.")):
        compile_transform("t", **({"input": None, "input_path": None, "paths": None, "template": None} | given_))


_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(_VALUES)
def test_value_outside_of_quotes_stays_what_it_is(value: Any) -> None:
    assert json.loads(fill('{"v": <v>}', {"v": value}, v="$.detail.v")) == {"v": value}


@given(_VALUES)
def test_value_inside_of_a_text_leaves_the_json_valid(value: Any) -> None:
    assert json.loads(fill('{"v": "it is <v>"}', {"v": value}, v="$.detail.v"))["v"].startswith("it is ")
