"""The text of a document for events that others publish, drafted from what they published. It says nothing about what
they mean: that is left to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from eventyard.contracts.lint.words import words
from eventyard.contracts.scaffold import pretty

#: What an owner of names has decided can't be asked of them, and why.
_OTHERS = (
    "not-past-tense",
    "record-style",
    "name-case",
    "technical-name",
    "no-description",
)


def drafted(
    type: str,
    publisher: str,
    source: str,
    schema: dict[str, Any],
    example: Any,
    prose: str,
    personal: Sequence[str] = (),
) -> str:
    """A whole document. ``personal``: paths of members that tell of a person."""
    title = " ".join(word[:1].upper() + word[1:] for word in words(type)) or type
    settings: dict[str, Any] = {"type": type, "publisher": publisher}
    if source != publisher:
        settings["source"] = source
    settings["subscribers"] = []
    if personal:
        settings["pii"] = list(personal)
    block = StringIO()
    yaml = YAML()
    yaml.indent(sequence=4, offset=2)
    yaml.dump(settings, block)
    whole = {"title": title, **schema}
    return (
        f"# {title}\n\n```yaml\n{block.getvalue()}```\n\n{prose}\n\n## Schema\n\n```json\n{pretty(whole)}\n```\n\n"
        f"## Example\n\n```json\n{pretty(example)}\n```\n"
    )


def personal_in(schema: Any, personal: frozenset[str]) -> list[str]:
    """Paths of members that are called as in ``personal``, or are addresses of mail. Items of lists add no step."""
    return sorted(dict.fromkeys(".".join(path) for path in _paths(schema, (), personal)))


def conventions_for(publisher: str, reserved: bool) -> str:
    """A ``contracts.yml`` for a folder of such drafts. ``reserved``: their source begins with ``aws.``."""
    off = [*_OTHERS, *(["reserved-source"] if reserved else [])]
    lines = [f"    {rule}: {publisher} names and describes its events itself." for rule in off]
    return "lint:\n  off:\n" + "\n".join(lines) + "\n"


def _paths(schema: Any, path: tuple[str, ...], personal: frozenset[str]) -> Iterator[tuple[str, ...]]:
    if not isinstance(schema, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        mail = isinstance(inner, dict) and any(
            isinstance(each, dict) and each.get("format") == "email" for each in (inner, *inner.get("anyOf", ()))
        )
        if mail or name.lower().replace("-", "_") in personal:
            yield (*path, name)
        else:
            yield from _paths(inner, (*path, name), personal)
    for branch in schema.get("anyOf", ()):
        yield from _paths(branch, path, personal)
    yield from _paths(schema.get("items"), path, personal)
