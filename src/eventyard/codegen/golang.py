"""Structs for Go 1 with the standard library's JSON, for code bindings.

Members that a struct has no field for are dropped when an event is read, as that library does. An optional member is a
pointer, nil where it is not there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from eventyard.codegen.identifier import pascal, prose
from eventyard.codegen.shape import Field, ListOf, MapOf, Model, Models, Named, Object, OneOf, Scalar, Shape, Union

#: Words of the language, which no package may be called.
KEYWORDS = frozenset({
    "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for", "func", "go",
    "goto", "if", "import", "interface", "map", "package", "range", "return", "select", "struct", "switch", "type",
    "var",
})  # fmt: skip
_ANY = "interface{}"
_SCALARS = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}
#: Of ASCII, what encoding/json takes in the name of a tag beside letters and digits; no quote of any kind.
_IN_TAGS = frozenset("!#$%&()*+-./:;<=>?@[]^_{|}~ ")
_EVENT = """// AWSEvent is the whole event.
type AWSEvent struct {{
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     {detail} `json:"detail"`
}}

// UnmarshalEvent reads an event from its JSON.
func UnmarshalEvent(data []byte) (AWSEvent, error) {{
	var event AWSEvent
	err := json.Unmarshal(data, &event)
	return event, err
}}

// MarshalEvent writes an event as JSON.
func MarshalEvent(event AWSEvent) ([]byte, error) {{
	return json.Marshal(event)
}}
"""


def golang(models: Models, package: str) -> dict[str, str]:
    """The files of the package called ``package``, by their names."""
    written = _Written(models)
    head = f"// Package {package} has the types of one event.\npackage {package}\n"
    types = "\n".join("\n".join(written.declaration(model)) + "\n" for model in models.models if written.kept(model))
    event = _EVENT.format(detail=written.type(Named(models.root)))
    return {
        "event.go": f'package {package}\n\nimport "encoding/json"\n\n{event}',
        "models.go": f"{head}\n{types}",
    }


class _Written:
    def __init__(self, models: Models) -> None:
        self._root = models.root
        self._models = {model.name: model for model in models.models}

    def kept(self, model: Model) -> bool:
        """Whether the model is a type of its own; others are written where they are used."""
        return self._is_struct(model.name) or model.name == self._root

    def declaration(self, model: Model) -> Iterator[str]:
        yield from _comment(model.description, "")
        if not isinstance(model.shape, Object) or not self._is_struct(model.name):
            yield f"type {model.name} {self._open(model.shape, ())}"
            return
        yield f"type {model.name} struct {{"
        for name, field in _named(model.shape):
            yield from _comment(field.description, "\t")
            yield f"\t{name} {self._field(field, model.name)} `{_tag(field)}`"
        yield "}"

    def type(self, shape: Shape, seen: tuple[str, ...] = ()) -> str:
        match shape:
            case Scalar(kind):
                return _SCALARS.get(kind, _ANY)
            case OneOf(texts) if all(text.startswith('"') for text in texts):
                return "string"
            case ListOf(item):
                return f"[]{self.type(item, seen)}"
            case MapOf(value):
                return f"map[string]{self.type(value, seen)}"
            case Named(name) if self.kept(self._models[name]):
                return name
            case Named(name) if name not in seen:
                return self._open(self._models[name].shape, (*seen, name))
            case Union(shapes) if len(others := [each for each in shapes if each != Scalar("null")]) == 1:
                return self._pointer(others[0], seen)
        return _ANY

    def _open(self, shape: Shape, seen: tuple[str, ...]) -> str:
        """A shape that is no struct; of an object all that is known is that it is one."""
        return f"map[string]{_ANY}" if isinstance(shape, Object) else self.type(shape, seen)

    def _pointer(self, shape: Shape, seen: tuple[str, ...] = ()) -> str:
        """What may be nil; slices, maps and interfaces may anyway."""
        found = self.type(shape, seen)
        plain = found.startswith(("[]", "map[", "*")) or found == _ANY
        return found if plain else f"*{found}"

    def _field(self, field: Field, owner: str) -> str:
        # A struct can't hold itself, not by way of others either: only a pointer to itself.
        loops = isinstance(field.shape, Named) and self._reaches(field.shape.name, owner)
        return self._pointer(field.shape) if loops or not field.required else self.type(field.shape)

    def _reaches(self, start: str, goal: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            name = waiting.pop()
            if name == goal:
                return True
            shape = self._models[name].shape
            fields = [field.shape for field in shape.fields] if isinstance(shape, Object) else [shape]
            inner = {each.name for each in fields if isinstance(each, Named)} - seen
            seen |= inner
            waiting += inner
        return False

    def _is_struct(self, name: str) -> bool:
        """Not where a member has a name that a tag can't hold: then all of the object stays a map, and nothing is
        lost."""
        shape = self._models[name].shape
        return isinstance(shape, Object) and all(_fits(field.name) for field in shape.fields)


def _fits(name: str) -> bool:
    # Letters by an old version of Unicode, which every version of Go agrees with.
    old = unicodedata.ucd_3_2_0
    return bool(name) and all(
        char in _IN_TAGS or (char.isascii() and char.isalnum()) or old.category(char) in ("Lu", "Ll", "Lo", "Nd")
        for char in name
    )


def _tag(field: Field) -> str:
    more = "" if field.required else ",omitempty"
    # A - all alone would mean that there is no such member.
    return f'json:"{field.name}{"," if field.name == "-" and field.required else more}"'


def _named(shape: Object) -> Iterator[tuple[str, Field]]:
    """The fields, each with a name that is exported and no other's."""
    taken: set[str] = set()
    for field in shape.fields:
        wanted = pascal(field.name, "Field")
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        yield name, field


def _comment(text: str, indent: str) -> Iterator[str]:
    """The space behind ``//`` keeps a text from being a directive of the compiler."""
    words = prose(text)
    yield from (f"{indent}// {line}".rstrip() for line in (words.split("\n") if words else ()))
