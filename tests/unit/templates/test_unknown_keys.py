"""Nothing is skipped in silence: a key that nobody knows, put anywhere in a template, is a finding where it is.

Every mapping of each template gets one in its turn. Where any key may stand (patterns, environments, names that users
make up) is said here, by hand, not taken from the readers' tables.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventyard.contract.finding import Finding
from eventyard.templates import Given, Where, read_cloudformation, read_serverless
from eventyard.templates.findings import Findings
from eventyard.templates.text import read_tree
from eventyard.templates.tree import plain
from tests.unit.templates.test_cloudformation import TEMPLATE

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
KEY = "zzz"

#: Where keys are the user's own, or a text's in JSON.
OPEN = re.compile(
    r"""
    (^|/)( Metadata(/.*)? | EventPattern(/.*)? | Pattern(/.*)? | PolicyDocument(/.*)? | AssumeRolePolicyDocument(/.*)?
    | InputPathsMap | FilterPolicy(/.*)? | RedrivePolicy | Variables | Policies(/.*)? | Tags
    | Mappings/[^/]+/[^/]+ )$
    """,
    re.VERBOSE,
)
OPEN_SERVERLESS = re.compile(
    r"""
    ^( custom(/.*)? | params(/.*)? | provider/(environment|tags) | provider/iam(/.*)?
       | functions/[^/]+/(environment|tags) )$
    | /(pattern|input|event|filterPolicy|filterPatterns)(/.*)?$ | /inputPathsMap$
    """,
    re.VERBOSE,
)


def _data(text: str, old: bool) -> Any:
    """The template as plain JSON, functions in their long form."""
    tree = read_tree("template.yaml", text, Findings(), old)
    assert tree is not None
    return plain(tree)


def _mappings(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        yield path
        for key, one in value.items():
            yield from _mappings(one, f"{path}/{key}" if path else key)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _mappings(one, f"{path}/{at}" if path else str(at))


def _with_key(value: Any, path: str) -> str:
    """The text of the template with the key first in the mapping at ``path``."""
    value = copy.deepcopy(value)
    holder, last = {"": value}, ""
    found: Any = value
    for part in path.split("/") if path else ():
        holder, last = found, int(part) if isinstance(found, list) else part
        found = found[last]
    holder[last] = {KEY: 1, **found}
    return json.dumps(value if path else holder[""], indent=1)


def _line(text: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), 1) if f'"{KEY}"' in line)


def _found(findings: tuple[Finding, ...], line: int) -> bool:
    """At the key, or at the function that it stands beside, or at the mapping around it."""
    return any(line - 1 <= one.line <= line + 1 for one in findings)


TEMPLATES = {
    "cloudformation": TEMPLATE,
    "sam": (HERE / "sam.yaml").read_text(),
    **{path.parent.name: path.read_text() for path in sorted(EXAMPLES.glob("*/template.yaml"))},
}
SERVERLESS = {
    **{path.stem: path.read_text() for path in sorted((HERE / "serverless").glob("*.yml"))},
    **{path.parent.name: path.read_text() for path in sorted(EXAMPLES.glob("*/serverless.yml"))},
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_unknown_key_anywhere_in_a_template_is_found(name: str) -> None:
    data = _data(TEMPLATES[name], True)
    where = Where("stack", "123456789012", "eu-west-1")
    clean = {(one.rule, one.message) for one in read_cloudformation("template.json", json.dumps(data), where)[1]}
    looked = 0
    for path in _mappings(data):
        if OPEN.search(path):
            continue
        text = _with_key(data, path)
        _, findings = read_cloudformation("template.json", text, where)
        new = tuple(one for one in findings if (one.rule, one.message) not in clean)
        assert _found(new, _line(text)), f"{path}: {[str(one) for one in new]}"
        looked += 1
    assert looked > 3


@pytest.mark.parametrize("name", SERVERLESS)
def test_an_unknown_key_anywhere_in_a_file_of_serverless_framework_is_found(name: str) -> None:
    data = _data(SERVERLESS[name], False)
    region = "us-east-1" if name == "more" else "eu-west-1"
    given = Given(account="123456789012", region=region, file=lambda path: None)
    clean = {(one.rule, one.message) for one in read_serverless("serverless.yml", json.dumps(data), given)[1]}
    looked = 0
    for path in _mappings(data):
        if OPEN_SERVERLESS.search(path) or OPEN.search(path):
            continue
        text = _with_key(data, path)
        _, findings = read_serverless("serverless.yml", text, given)
        new = tuple(one for one in findings if (one.rule, one.message) not in clean)
        assert _found(new, _line(text)), f"{path}: {[str(one) for one in new]}"
        looked += 1
    assert looked > 3


def test_the_walk_would_notice_a_key_that_is_skipped() -> None:
    """An open mapping is one where a key is skipped: the walk finds nothing there."""
    data = _data(TEMPLATE, True)
    text = _with_key(data, "Metadata")
    assert not read_cloudformation("template.json", text, Where("stack"))[1]
