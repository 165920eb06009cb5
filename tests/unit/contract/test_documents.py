"""Documents are read whole or with findings that say where and what to do."""

from __future__ import annotations

import pytest

from eventyard.contract import Finding, Repository, from_files, from_snapshot

from .documents import VIN, document


def read(**files: str) -> Repository:
    return from_files({name.replace("_", ".").replace("__", "/"): text for name, text in files.items()})


def findings(repository: Repository) -> list[Finding]:
    return [*repository.findings, *(one for each in repository.documents for one in each.findings)]


def test_a_document_gives_a_contract_with_everything_in_it() -> None:
    text = document(
        '{"type": "object", "properties": {"vin": {"$ref": "https://schema.example.com/atoms/vin"}}}',
        "type: CarSold\npublisher: sales\nsource: uk.co.cars\nversion: 2\nsubscribers: [finance]\nsunset: 2027-01-01",
        '{"vin": "1C6RD7LT4CS156097"}',
    )
    repository = read(sold_md=text, vin_json=VIN)
    assert findings(repository) == []
    (contract,) = repository.contracts
    assert (contract.name, contract.version, contract.publisher) == ("uk.co.cars@CarSold", 2, "sales")
    assert (contract.subscribers, contract.sunset) == (("finance",), "2027-01-01")
    assert (contract.title, contract.description) == ("Car Sold", "A car was sold.")
    assert contract.examples[0].detail == {"vin": "1C6RD7LT4CS156097"}
    assert repository.validator(contract).is_valid(contract.examples[0].detail)


def test_the_source_is_the_publisher_unless_given() -> None:
    (contract,) = read(a_md=document("{}")).contracts
    assert contract.name == "sales@CarSold"


@pytest.mark.parametrize("block", ["", "```yaml\n- run: make\n```\n", "```yaml\nservices: {sales: sells}\n```\n"])
def test_a_readme_is_no_contract(block: str) -> None:
    repository = read(README_md=f"# Our contracts\n\nAll of them.\n{block}")
    assert (repository.documents, repository.findings) == ((), ())


@pytest.mark.parametrize(
    ("block", "rules"), [("type: [", ["bad-yaml", "no-schema"]), ("type: A\npublisher: b", ["no-schema"])]
)
def test_a_contract_that_lacks_its_schema_is_not_passed_over(block: str, rules: list[str]) -> None:
    repository = read(a_md=f"# Sold\n```yaml\n{block}\n```\n")
    assert [each.rule for each in findings(repository)] == rules


@pytest.mark.parametrize(
    ("schema", "rule", "line", "column"),
    [
        ('{"$ref": "#"}', "circular-ref", 10, 1),
        ('{"properties": {\n"a": {"pattern": "(a+)+(?=b)"}}}', "bad-pattern", 11, 18),
        ('{"type": "strin"}', "bad-schema", 10, 10),
        ('{"a": 1,}', "bad-json", 10, 9),
        ('{"const": ' + "9" * 6_000 + "}", "bad-json", 10, 11),
        ('{"a": 1, "a": 2}', "doubled-key", 10, 15),
        ('"text"', "bad-schema", 10, 1),
        ('{"$schema": "http://127.0.0.1:9/schema"}', "unknown-dialect", 10, 13),
        ('{"$schema": "file://json-schema.org/draft-07/schema"}', "unknown-dialect", 10, 13),
        ('{"$ref": "http://127.0.0.1:9/atom"}', "broken-ref", 10, 10),
        ("[" * 200, "bad-json", 10, 102),
        ('{"a": "' + "x" * 1_000_001 + '"}', "too-large", 10, 1),
    ],
)
def test_a_bad_schema_is_found_with_its_place(schema: str, rule: str, line: int, column: int) -> None:
    repository = read(a_md=document(schema))
    assert repository.contracts == []
    assert [(one.rule, one.line, one.column) for one in findings(repository)] == [(rule, line, column)]


@pytest.mark.parametrize(
    ("settings", "rule", "line"),
    [
        ("type: [", "bad-yaml", 4),
        ("type: A\ntype: B\npublisher: p", "bad-yaml", 4),
        ("- a", "bad-yaml", 3),
        ("type: A\npublisher: p\nsubscribers: " + "[" * 5_000, "bad-yaml", 3),
        ("type: A", "missing-setting", 3),
        ("type: A\npublisher: p\nsubscriber: q", "unknown-setting", 5),
        ("type: A\npublisher: p\nversion: one", "bad-setting", 5),
        ("type: A\npublisher: {a: b}", "bad-setting", 4),
        ("type: A\npublisher: p\nsubscribers: [1]", "bad-setting", 5),
    ],
)
def test_bad_settings_are_found_with_their_line(settings: str, rule: str, line: int) -> None:
    repository = read(a_md=document("{}", settings))
    assert repository.contracts == []
    assert [(one.rule, one.line) for one in findings(repository)] == [(rule, line)]


def test_a_file_that_ends_with_an_open_fence_is_found_on_its_last_line() -> None:
    text = "# T\n```yaml\ntype: A\npublisher: p\n```\n## Schema\n```json"
    (finding,) = findings(read(a_md=text))
    assert (finding.rule, finding.line) == ("bad-json", 7)


def test_what_is_missing_is_named() -> None:
    assert {one.rule for one in findings(read(a_md="```yaml\ntype: A\npublisher: p\n```\n"))} == {
        "no-title",
        "no-schema",
    }


def test_a_recursive_schema_is_fine() -> None:
    schema = '{"properties": {"child": {"$ref": "#"}}, "required": ["name"]}'
    repository = read(a_md=document(schema))
    assert findings(repository) == []
    check = repository.validator(repository.contracts[0])
    assert [str(each) for each in check.violations({"name": 1, "child": {}})] == ["/child/name: name is missing"]


def test_atoms_need_an_id_and_are_there_once() -> None:
    repository = read(a_json='{"$schema": "x"}', b_json=VIN, c_json=VIN, d_json='{"anything": 1}')
    assert [(one.path, one.rule) for one in findings(repository)] == [("a.json", "no-id"), ("c.json", "doubled-id")]


def test_a_snapshot_holds_everything_that_checking_needs() -> None:
    text = document('{"properties": {"vin": {"$ref": "https://schema.example.com/atoms/vin"}}}')
    again = from_snapshot(read(a_md=text, vin_json=VIN).snapshot())
    assert not again.validator(again.find("CarSold")).is_valid({"vin": "short"})


def test_the_newest_version_is_found_unless_one_is_named() -> None:
    repository = read(
        a_md=document("{}", "type: A\npublisher: p"), b_md=document("{}", "type: A\npublisher: p\nversion: 2")
    )
    assert repository.find("A").version == 2
    assert repository.find("A", version=1).version == 1


def test_violations_hide_what_is_personal() -> None:
    schema = '{"properties": {"name": {"maxLength": 3}, "age": {"type": "integer"}}, "additionalProperties": false}'
    repository = read(a_md=document(schema, "type: A\npublisher: p\npii: [name]"))
    found = repository.validator(repository.contracts[0]).violations({"name": "Alice", "age": "old", "x": 1})
    assert [(each.path, each.keyword, each.actual) for each in found] == [
        ("/name", "maxLength", "(hidden)"),
        ("/age", "type", '"old"'),
        ("/x", "additionalProperties", "1"),
    ]


def test_references_inside_of_a_schema_whose_id_is_a_urn_are_found() -> None:
    schema = '{"$id": "urn:example:sold", "$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}'
    repository = read(a_md=document(schema))
    assert findings(repository) == []
    assert repository.validator(repository.contracts[0]).is_valid({})


def test_a_document_knows_where_its_settings_stand() -> None:
    settings = "type:  CarSold\npublisher: sales\nsubscribers:\n  - finance\n  - audit"
    document_ = read(a_md=document("{}", settings)).documents[0]
    assert document_.settings["subscribers"] == ("finance", "audit")
    assert document_.place("type") == ("a.md", 3, 8)
    assert document_.place("subscribers", 1) == ("a.md", 7, 5)
    assert document_.place("owner") == document_.place() == ("a.md", 3, 1)


def test_atoms_keep_their_texts() -> None:
    repository = read(vin_json=VIN)
    ((url, text),) = repository.texts.items()
    assert url == "https://schema.example.com/atoms/vin"
    assert text.place(("pattern",)) == ("vin.json", 2, 30)


def test_an_atom_with_errors_is_told_of_once_and_where_it_is_used() -> None:
    url = "https://schema.example.com/atoms"
    bad = f'{{"$id": "{url}/bad", "minimum": "low"}}'
    near = f'{{"$id": "{url}/near", "properties": {{"a": {{"$ref": "bad"}}}}}}'
    uses = document(f'{{"type": "object", "properties": {{\n"a": {{"$ref": "{url}/near"}}}}}}')
    repository = read(bad_json=bad, near_json=near, vin_json=VIN, uses_md=uses, other_md=document("{}"))
    assert [(one.path, one.line, one.rule) for one in findings(repository)] == [
        ("bad.json", 1, "bad-schema"),
        ("near.json", 1, "bad-atom"),
        ("uses.md", 11, "bad-atom"),
    ]
    assert [each.path for each in repository.contracts] == ["other.md"]
    assert list(repository.atoms) == [f"{url}/vin"]
    assert sorted(repository.texts) == [f"{url}/bad", f"{url}/near", f"{url}/vin"]


def test_an_id_that_is_no_url_is_found() -> None:
    (finding,) = findings(read(a_json='{"$id": "https://a b\\u0085[", "type": "string"}'))
    assert (finding.rule, finding.column) == ("bad-id", 9)
