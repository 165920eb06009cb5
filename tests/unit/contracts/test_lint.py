"""The lint finds every kind of mistake, says where it is, and finds none where there is none."""

from __future__ import annotations

import socket
import time
from datetime import date
from pathlib import Path

import pytest

from eventyard.contract import Finding, Repository, from_files, read_repository
from eventyard.contracts.conventions import Conventions, conventions, read_conventions
from eventyard.contracts.lint import RULES, lint

from .broken_branch import CARS, HERE, check_out

TODAY = date(2026, 11, 25)
DOCUMENT = """# {title}
```yaml
type: {type}
publisher: sales
{settings}
```
It was sold.
## Schema
```json
{schema}
```
## Example
```json
{example}
```
"""


def written(
    type: str = "CarSold", settings: str = "", schema: str = '{"type": "object"}', example: str = "{}", title: str = ""
) -> str:
    return DOCUMENT.format(type=type, settings=settings, schema=schema, example=example, title=title or type)


def found(text: str, said: str = "", **more: str) -> list[Finding]:
    files = {"a.md": text, **{f"{name}.md": each for name, each in more.items()}}
    return lint(from_files(files), conventions(said), TODAY)


def rules(text: str, said: str = "", **more: str) -> list[str]:
    return [each.rule for each in found(text, said, **more)]


def test_the_example_is_clean() -> None:
    assert lint(read_repository(CARS), read_conventions(CARS), TODAY) == []


def test_the_broken_branch_shows_each_kind_of_finding(tmp_path: Path) -> None:
    folder = check_out(tmp_path / "contracts")
    findings = lint(read_repository(folder), read_conventions(folder), TODAY)
    assert {each.rule for each in findings} == {rule.name for rule in RULES}
    text = "".join(f"{each}\n" for each in findings)
    wanted = HERE / "findings.txt"
    assert text == wanted.read_text(), f"if it is better now, write it to {wanted}"


def test_every_rule_has_a_name_of_its_own_and_says_what_it_is_good_for() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) > 50
    for rule in RULES:
        assert rule.summary.endswith(".")
        assert rule.why.endswith(".")


@pytest.mark.parametrize(
    "name",
    ["LotSelected", "photosTaken", "CarHandedOver", "OrderReturnedByCustomer", "VATPaid", "CarSold", "PaymentFailed2"],
)
def test_facts_are_in_the_past_tense(name: str) -> None:
    assert rules(written(name)) == []


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("SendInvoice", "InvoiceSent"),
        ("AbandonedCart", "CartAbandoned"),
        ("OrderPlace", "OrderPlaced"),
        ("PlaceOrder", "OrderPlaced"),
        ("OrderShips", "OrderShipped"),
        ("UserNeed", "LotSelected"),
        ("orderPlacing", "LotSelected"),
        ("failedPayment", "paymentFailed"),
    ],
)
def test_what_is_no_fact_gets_a_proposal(name: str, better: str) -> None:
    (finding,) = found(written(name))
    assert (finding.rule, finding.line, finding.column) == ("not-past-tense", 3, 7)
    assert better in finding.message


def test_a_repository_can_know_more_verbs() -> None:
    assert rules(written("CarUpsold")) == ["not-past-tense"]
    assert rules(written("CarUpsold"), "lint: {past: [upsold]}") == []


@pytest.mark.parametrize("name", ["CarUpdated", "OrderRecordChanged", "CustomerCreated", "RowDeletedByAdmin"])
def test_records_are_no_business(name: str) -> None:
    assert "record-style" in rules(written(name))


def test_the_case_that_most_types_have_is_asked_of_all() -> None:
    two = {"b": written("carBought"), "c": written("carWashed")}
    assert [(each.path, each.rule) for each in found(written("CarSold"), **two)] == [("a.md", "name-case")]
    assert rules(written("CarSold"), "lint: {case: PascalCase}", **two) == ["name-case", "name-case"]


def test_a_rule_is_switched_off_with_a_reason() -> None:
    said = "lint:\n  off:\n    record-style: {only: [CarUpdated], reason: The CRM sends it.}\n"
    both = {"b": written("CarDeleted")}
    assert [each.path for each in found(written("CarUpdated"), said, **both)] == ["b.md"]
    assert rules(written("CarUpdated"), "lint: {off: {record-style: We know.}}", **both) == []


@pytest.mark.parametrize(
    ("said", "word", "line"),
    [
        ("lint: [", "expected", 1),
        ("lint:\n  off:\n    no-prose:\n", "without a reason", 3),
        ("lint:\n  off:\n    no-prose: {only: [a]}\n", "without a reason", 3),
        ("lint:\n  off:\n    broken-ref: because\n", "can't be switched off", 3),
        ("lint:\n  off:\n    no-pose: because\n", "Did you mean no-prose?", 3),
        ("lint:\n  case: snake_case\n", "PascalCase or camelCase", 2),
        ("service: []\n", "Did you mean services?", 1),
        ("services: 7\n", "a mapping", 1),
        ("services: [[]]\n", "a list of names", 1),
    ],
)
def test_bad_conventions_are_findings_with_their_line(said: str, word: str, line: int) -> None:
    findings = [each for each in found(written(), said) if each.path == "contracts.yml"]
    assert [(each.rule, each.line) for each in findings] == [("bad-conventions", line)]
    assert word in findings[0].message


def test_without_a_list_of_services_those_who_publish_exist() -> None:
    text = written(settings="subscribers: [finance]")
    assert rules(text) == ["unknown-subscriber"]
    assert rules(text, b=written("CarPaid").replace("publisher: sales", "publisher: finance")) == []
    assert rules(text, "services: [sales, finance]") == []


def test_a_subscriber_that_does_not_exist_is_found_in_its_line() -> None:
    finding = found(
        written(settings="subscribers:\n  - finance\n  - logistiks"), "services: [sales, finance, logistics]"
    )
    assert [(each.rule, each.line, each.column) for each in finding[:1]] == [("unknown-subscriber", 7, 5)]
    assert "Did you mean logistics?" in finding[0].message


def test_examples_are_found_where_they_are_wrong() -> None:
    schema = """{"type": "object", "properties": {
"lots": {"description": "d", "type": "array", "items": {"type": "object",
"properties": {"price": {"description": "d", "type": "integer"}}}}}}"""
    example = '{"lots": [{"price": 1},\n{"price": "2", "colour": 3}], "more": 4}'
    assert [(each.rule, each.line, each.column) for each in found(written(schema=schema, example=example))] == [
        ("bad-example", 17, 11),
        ("unknown-field", 17, 26),
        ("unknown-field", 17, 39),
    ]


def test_alternatives_describe_what_each_of_them_describes() -> None:
    schema = """{"type": "object", "properties": {"kind": {"description": "d"}}, "required": ["cash"],
"anyOf": [{"properties": {"cash": {"description": "d"}}}, {"properties": {"card": {"description": "d"}}}]}"""
    assert rules(written(schema=schema, example='{"kind": 1, "cash": 2, "card": 3}')) == []


def test_free_objects_and_maps_have_no_unknown_fields() -> None:
    schema = """{"type": "object", "properties": {"free": {"description": "d", "type": "object"},
"map": {"description": "d", "type": "object", "additionalProperties": {"type": "integer"}}}}"""
    assert rules(written(schema=schema, example='{"free": {"a": 1}, "map": {"b": 2}}')) == []


def test_paths_lead_through_lists_and_references() -> None:
    schema = """{"type": "object", "$defs": {"car": {"type": "object", "properties": {"vin": {"description": "d"}}}},
"properties": {"cars": {"description": "d", "type": "array", "items": {"$ref": "#/$defs/car"}}}}"""
    assert rules(written(settings="correlation: [cars.vin]", schema=schema)) == []
    assert rules(written(settings="correlation: [cars.win]", schema=schema)) == ["unknown-path"]


def test_personal_data_is_marked_or_found() -> None:
    schema = """{"type": "object", "properties": {"buyer": {"description": "d", "type": "object",
"properties": {"surname": {"description": "d", "type": "string"}}}}}"""
    assert rules(written(schema=schema)) == ["unmarked-personal-data"]
    assert rules(written(settings="pii: [buyer]", schema=schema)) == []


def test_a_misspelled_keyword_is_found_and_what_is_in_it_is_not() -> None:
    schema = '{"type": "object", "propertees": {"a": {"typo": 1}}, "x-note": {"anything": 1}}'
    (finding,) = found(written(schema=schema))
    assert (finding.rule, "Did you mean properties?" in finding.message) == ("unknown-keyword", True)


def test_a_format_that_this_dialect_does_not_check_is_found() -> None:
    schema = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": '
    schema += '{"id": {"description": "d", "format": "uuid"}, "at": {"description": "d", "format": "date-time"}}}'
    assert [each.message.split()[4] for each in found(written(schema=schema))] == ["uuid"]


def test_a_sunset_is_over_on_the_day_after_it() -> None:
    text = written(settings="deprecated: 2026-01-01\nsunset: 2026-11-25")
    repository = from_files({"a.md": text})
    assert lint(repository, Conventions(), date(2026, 11, 25)) == []
    assert [each.rule for each in lint(repository, Conventions(), date(2026, 11, 26))] == ["sunset-passed"]


@pytest.mark.parametrize(
    ("schema", "rule", "line"),
    [
        ('{"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}', "circular-ref", 10),
        ('{"type": "object", "properties": {\n"a": {"pattern": "^(a+)+(?!b)$"}}}', "bad-pattern", 11),
        ('{"type": "' + "x" * 2_000_000 + '"}', "too-large", 10),
    ],
)
def test_hostile_schemas_end_with_a_finding_soon(schema: str, rule: str, line: int) -> None:
    began = time.monotonic()
    assert [(each.rule, each.line) for each in found(written(schema=schema, settings="owner: sales"))] == [(rule, line)]
    assert time.monotonic() - began < 5


def test_alternatives_that_refer_to_each_other_come_to_an_end() -> None:
    members = ", ".join(f'"m{n}": {{"$ref": "#/$defs/d{n}"}}' for n in range(20))
    options = ", ".join(f'{{"$ref": "#/$defs/d{n}"}}' for n in range(20))
    defs = ", ".join(
        f'"d{n}": {{"type": "object", "properties": {{"a{n}": {{"anyOf": [{options}]}}, {members}}}}}'
        for n in range(20)
    )
    schema = f'{{"type": "object", "$defs": {{{defs}}}, "properties": {{{members}}}}}'
    began = time.monotonic()
    assert set(rules(written(schema=schema))) <= {"no-description"}
    assert time.monotonic() - began < 20


def test_a_schema_as_deep_and_wide_as_can_be_ends_soon() -> None:
    leaf = ", ".join(f'"p{n}": {{"description": "d", "typo{n}": 1}}' for n in range(2_000))
    deep = '{"properties": {"a": ' * 40
    schema = f'{{"type": "object", "allOf": [{deep}{{"properties": {{{leaf}}}}}' + "}}" * 40 + "]}"
    began = time.monotonic()
    assert rules(written(schema=schema)).count("unknown-keyword") == 2_000
    assert time.monotonic() - began < 30


def test_a_file_of_5_mb_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(written(schema='{"title": "' + "x" * 5_000_000 + '"}'))
    (finding,) = lint(read_repository(tmp_path), Conventions(), TODAY)
    assert (finding.path, finding.line, finding.rule) == ("a.md", 1, "too-large")


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time() -> None:
    schema = '{"type": "object", "properties": {"a": {"description": "d", "type": "string", "pattern": "^(a+)+$"}}}'
    began = time.monotonic()
    assert rules(written(schema=schema, example='{"a": "' + "a" * 50_000 + '!"}')) == ["bad-example"]
    assert time.monotonic() - began < 5


def test_nothing_is_ever_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/atom"
        for schema in (
            '{"$ref": "%s"}',
            '{"$schema": "%s"}',
            '{"type": "object", "allOf": [{"$ref": "%s#/a"}]}',
            '{"type": "object", "$defs": {"a": {"$id": "https://schema.example.com/a", "$schema": "%s"}}}',
            '{"type": "object", "$dynamicRef": "%s#a"}',
        ):
            assert rules(written(schema=schema % url)) != []
        with pytest.raises(BlockingIOError):
            server.accept()
        with socket.create_connection(server.getsockname()):
            server.accept()[0].close()  # somebody who comes is noticed


def test_a_repository_from_a_snapshot_has_no_texts_of_atoms_to_find_anything_in() -> None:
    assert Repository((), {"https://schema.example.com/a": {"unknown": 1}}).texts == {}


def places(text: str) -> list[tuple[str, int, int]]:
    return [(each.rule, each.line, each.column) for each in found(text)]


@pytest.mark.parametrize("day", ["2027-02-30", "2027-13-01", "2027-06-30 25:00:00", "soon"])
def test_a_date_in_no_calendar_is_found_on_its_own_line(day: str) -> None:
    text = written(settings=f"owner: sales\ndeprecated: 2026-01-01\nsunset: {day}")
    assert places(text) == [("bad-date", 7, 9)]


def test_a_date_is_kept_as_it_was_written() -> None:
    (document,) = from_files({"a.md": written(settings="sunset: 2027-06-30")}).documents
    assert document.settings["sunset"] == "2027-06-30"


def test_a_dynamic_reference_to_elsewhere_has_its_place() -> None:
    remote = '{"type": "object",\n "$dynamicRef": "https://other.example.com/a#node"}'
    (finding,) = found(written(schema=remote))
    assert (finding.rule, finding.line, finding.column) == ("broken-ref", 11, 17)
    kid = '{"description": "d", "$dynamicRef": "#node"}'
    own = f'{{"type": "object", "$dynamicAnchor": "node", "properties": {{"kid": {kid}}}}}'
    assert rules(written(schema=own)) == []


def test_what_is_not_utf_8_and_what_is_too_large_are_two_things(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    (tmp_path / "large.json").write_bytes(b"[" + b" " * 4_000_000 + b"]")
    found = {each.path: (each.rule, each.message) for each in read_repository(tmp_path).findings}
    assert found == {
        "latin.json": ("unreadable", "The file is not UTF-8."),
        "large.json": ("too-large", "The file has more than 4,000,000 bytes."),
    }


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    vin = '{"$id": "https://schema.example.com/vin", "description": "d", "type": "string"}'
    text = written(schema='{"type": "object", "properties": {"vin": {"$ref": "https://schema.example.com/vin"}}}')
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "vin.json").write_bytes(b"\xef\xbb\xbf" + vin.encode())
    repository = read_repository(tmp_path)
    assert lint(repository, Conventions(), TODAY) == []
    # What goes to a registry and comes back is the file, byte for byte.
    assert repository.documents[0].text.startswith("\ufeff# CarSold")


def test_an_unknown_setting_hides_nothing_of_the_schema() -> None:
    text = written(settings="color: red", schema='{"type": "object",\n "$ref": "https://other.example.com/vin"}')
    assert places(text) == [("unknown-setting", 5, 1), ("broken-ref", 11, 10)]


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "a\\udc00b"])
def test_half_of_a_surrogate_pair_is_no_text(half: str) -> None:
    schema = f'{{"type": "object",\n "title": "{half}"}}'
    assert places(written(schema=schema)) == [("bad-json", 11, 11)]
    assert places(written(example=f'{{"{half}": 1}}'))[0] == ("bad-json", 14, 2)
    pair = '{"type": "object", "title": "\\ud83d\\ude00"}'
    assert rules(written(schema=pair)) == []


@pytest.mark.parametrize("value", ["A\\n::error::B", "x\\e[31m", "\\u202Egrocer", "a\\tb", "a\\x7f"])
def test_names_that_would_begin_a_line_or_drive_a_terminal_are_refused_and_shown_escaped(value: str) -> None:
    for name in ("type", "publisher", "source", "subscribers"):
        line = f'{name}: ["{value}"]' if name == "subscribers" else f'{name}: "{value}"'
        text = written(settings=line)
        for other in (f"{name}: CarSold", f"{name}: sales"):
            text = text.replace(f"{other}\n", "", 1)
        (finding,) = [each for each in found(text) if each.rule == "bad-setting"]
        assert f"{name} has characters that can't be seen" in finding.message
        assert finding.message.isprintable()
