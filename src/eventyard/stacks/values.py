"""Values of properties: resolving what refers to others, and whether two say the same in different forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from eventyard.resource import Join, Reference


class Unknown:
    """What is known only once another resource exists."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()
NO_VALUE = "AWS::NoValue"
#: Members that are documents of JSON, in which 1 and "1" are two things; and those whose every space counts.
_DOCUMENTS = frozenset({"EventPattern", "Pattern", "Input", "FilterPolicy", "Content"})
_TEXTS = frozenset({"InputTemplate"})
#: Members that are said as a whole: what else is in them was put there by somebody.
_WHOLE = frozenset({
    "Targets", "Target", "TargetParameters", "EnrichmentParameters", "InputPathsMap", "InputTransformer",
    "FilterCriteria", "Filters", "Environment", "Variables", "Tags", "Policy", "PolicyDocument", "Statement",
    "RedrivePolicy", "RedriveAllowPolicy", "Events",
})  # fmt: skip
_EMPTY: tuple[object, ...] = (None, "", {}, [])
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def resolve(value: object, look: Callable[[Reference], object]) -> Any:
    """``value`` with what ``look`` finds in place of references; UNKNOWN where it finds that. A member that refers to
    ``AWS::NoValue`` is left out."""
    if isinstance(value, Reference):
        return look(value)
    if isinstance(value, Join):
        parts = [look(part) if isinstance(part, Reference) else part for part in value.parts]
        return UNKNOWN if any(part is UNKNOWN for part in parts) else "".join(_text(part) for part in parts)
    if isinstance(value, Mapping):
        return {str(name): resolve(each, look) for name, each in value.items() if not _no_value(each)}
    if isinstance(value, list | tuple):
        return [resolve(each, look) for each in value if not _no_value(each)]
    return value


def _no_value(value: object) -> bool:
    return isinstance(value, Reference) and value.resource == NO_VALUE


def has_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(has_unknown(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(each) for each in value)
    return value is UNKNOWN


def plain(value: object) -> Any:
    """``value`` in JSON's types, as it can be recorded: times become texts, and bytes are no values of properties."""
    return msgspec.to_builtins(value, builtin_types=())


def canonical(value: object) -> Any:
    """The form in which two values are equal if they say the same: CloudFormation takes "30" for 30 and an object for
    the text of its JSON, and lists of keys and values are mappings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, str):
        return _canonical_text(value)
    if isinstance(value, Mapping):
        return {str(name): _member(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, Mapping) and each.keys() == {"Key", "Value"} for each in value):
            return {str(each["Key"]): canonical(each["Value"]) for each in value}
        return [canonical(each) for each in value]
    return value


def alike(name: str, one: object, other: object) -> bool:
    """Whether two values of the property ``name`` say the same."""
    return identical(canonical({name: one}), canonical({name: other}))


def _member(name: str, value: object) -> Any:
    if name in _TEXTS and isinstance(value, str):
        return value
    if name in _DOCUMENTS and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value if name in _DOCUMENTS and isinstance(value, dict | list) else canonical(value)


def _canonical_text(value: str) -> Any:
    if value[:1] in ("{", "["):
        try:
            return canonical(msgspec.json.decode(value))
        except (msgspec.DecodeError, RecursionError):
            return value
    if _TIME.fullmatch(value):
        try:
            return _moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def _moment(value: datetime) -> str:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def covers(name: str, there: object, wanted: object, whole: bool = False) -> bool:
    """Whether the property or member ``name`` says ``there`` what is ``wanted`` of it, both in canonical form. What is
    empty may be missing. In what people write as a whole (patterns, policies, targets, variables, tags; all members if
    ``whole``) nothing else may be there; otherwise a service may add members of its own."""
    empty = _EMPTY[:2] if name == "Input" else _EMPTY  # An input of {} is sent in place of the event.
    if there in empty and wanted in empty:
        return True
    if name in _DOCUMENTS:
        return identical(there, wanted)
    whole = whole or name in _WHOLE
    if isinstance(wanted, dict) and isinstance(there, dict):
        added = there if whole else (each for each in there if is_whole(each))
        return all(covers(each, there.get(each), wanted.get(each), whole) for each in {*wanted, *added})
    if isinstance(wanted, list) and isinstance(there, list):
        pairs = zip(there, wanted, strict=False)
        return len(wanted) == len(there) and all(covers("", *pair, whole) for pair in pairs)
    return bool(there == wanted)


def is_whole(name: str) -> bool:
    """Whether all that is in a member of that name was put there by somebody, and nothing by the service."""
    return name in _WHOLE or name in _DOCUMENTS


def identical(one: object, other: object) -> bool:
    """Equal as JSON: Python takes true for 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def gone(before: object, after: object) -> bool:
    """Whether something that ``before`` says, in any depth, is not said by ``after`` any more (both canonical)."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(name not in after or gone(each, after[name]) for name, each in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) != len(after) or any(map(gone, before, after))
    return False


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
