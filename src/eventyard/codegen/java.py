"""Classes for Java 8 with Jackson's annotations, for code bindings.

No class has a name that the files import (``identifier``). Members that a class does
not know are left out when an event is read, and what is null is when one is written."""

from __future__ import annotations

from collections.abc import Iterator

from eventyard.codegen.identifier import pascal, prose
from eventyard.codegen.shape import Field, ListOf, MapOf, Models, Named, Object, OneOf, Scalar, Shape, Union

#: Words of the language and of its literals, which nothing may be called.
KEYWORDS = frozenset({
    "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default",
    "do", "double", "else", "enum", "extends", "false", "final", "finally", "float", "for", "goto", "if", "implements",
    "import", "instanceof", "int", "interface", "long", "native", "new", "null", "package", "permits", "private",
    "protected", "public", "record", "return", "sealed", "short", "static", "strictfp", "super", "switch",
    "synchronized", "this", "throw", "throws", "transient", "true", "try", "var", "void", "volatile", "while", "yield",
})  # fmt: skip
_ANY = "Object"
_SCALARS = {"string": "String", "integer": "Long", "number": "Double", "boolean": "Boolean"}
_IMPORTS = {
    name: f"{package}.{name}"
    for package, names in {
        "com.fasterxml.jackson.annotation": ("JsonAutoDetect", "JsonIgnoreProperties", "JsonInclude", "JsonProperty"),
        "java.util": ("List", "Map"),
    }.items()
    for name in names
}
_ON_CLASSES = """@JsonAutoDetect(
        fieldVisibility = JsonAutoDetect.Visibility.NONE,
        getterVisibility = JsonAutoDetect.Visibility.NONE,
        isGetterVisibility = JsonAutoDetect.Visibility.NONE,
        setterVisibility = JsonAutoDetect.Visibility.NONE)
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)"""
_EVENT_FIELDS = ("version", "id", "detail-type", "source", "account", "time", "region", "resources")
_MARSHALLER = """package {package}.marshaller;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import {package}.AWSEvent;

/** Reads and writes events as JSON. */
public final class Marshaller {{
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Marshaller() {{
    }}

    /** Writes a value as JSON. */
    public static void marshal(OutputStream output, Object value) throws IOException {{
        MAPPER.writeValue(output, value);
    }}

    /** Reads a value of the class. */
    public static <T> T unmarshal(InputStream input, Class<T> type) throws IOException {{
        return MAPPER.readValue(input, type);
    }}

    /** Reads a whole event whose detail is of the class. */
    public static <T> AWSEvent<T> unmarshalEvent(InputStream input, Class<T> type) throws IOException {{
        return MAPPER.readValue(input, MAPPER.getTypeFactory().constructParametricType(AWSEvent.class, type));
    }}
}}
"""


def java(models: Models, package: str) -> dict[str, str]:
    """The files of the package called ``package``, by their paths in it."""
    lookup = {model.name: model.shape for model in models.models}
    files = {
        f"{model.name}.java": _file(package, model.name, model.description, model.shape, lookup)
        for model in models.models
        if isinstance(model.shape, Object)
    }
    strings = ListOf(Scalar("string"))
    shapes = [strings if name == "resources" else Scalar("string") for name in _EVENT_FIELDS]
    fields = tuple(Field(name, shape, True) for name, shape in zip(_EVENT_FIELDS, shapes, strict=True))
    members = [*_members(Object(fields, None), lookup), *_member("detail", "Detail", "T", "detail")]
    files["AWSEvent.java"] = _class(package, "AWSEvent<T>", "The whole event.", members)
    files["marshaller/Marshaller.java"] = _MARSHALLER.format(package=package)
    return files


def _file(package: str, name: str, description: str, shape: Object, lookup: dict[str, Shape]) -> str:
    return _class(package, name, description, list(_members(shape, lookup)))


def _class(package: str, name: str, description: str, members: list[str]) -> str:
    code = "\n".join(members)
    used = [place for each, place in _IMPORTS.items() if each not in ("List", "Map") or f"{each}<" in code]
    head = [f"package {package};", "", *(f"import {place};" for place in used), "", *_comment(description, "")]
    return "\n".join([*head, _ON_CLASSES, f"public class {name} {{", code.rstrip(), "}", ""])


def _members(shape: Object, lookup: dict[str, Shape]) -> Iterator[str]:
    taken: set[str] = set()
    for field in shape.fields:
        if not field.name:  # to Jackson no name means the variable's own
            continue
        wanted = pascal(field.name, "Field")
        wanted = "Class_" if wanted == "Class" else wanted  # getClass() is every object's
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        variable = name[0].lower() + name[1:]
        variable = f"{variable}_" if variable in KEYWORDS else variable
        yield from _comment(field.description, "    ")
        yield from _member(variable, name, _type(field.shape, lookup), field.name)


def _member(variable: str, name: str, type: str, json_name: str) -> Iterator[str]:
    yield f"    @JsonProperty({_quoted(json_name)})"
    yield f"    private {type} {variable};"
    yield ""
    yield f"    public {type} get{name}() {{"
    yield f"        return this.{variable};"
    yield "    }"
    yield ""
    yield f"    public void set{name}({type} value) {{"
    yield f"        this.{variable} = value;"
    yield "    }"
    yield ""


def _type(shape: Shape, lookup: dict[str, Shape], seen: tuple[str, ...] = ()) -> str:
    match shape:
        case Scalar(kind):
            return _SCALARS.get(kind, _ANY)
        case OneOf(texts) if all(text.startswith('"') for text in texts):
            return _SCALARS["string"]
        case ListOf(item):
            return f"List<{_type(item, lookup, seen)}>"
        case MapOf(value):
            return f"Map<String, {_type(value, lookup, seen)}>"
        case Named(name) if isinstance(lookup[name], Object):
            return name
        case Named(name) if name not in seen:
            return _type(lookup[name], lookup, (*seen, name))
        case Union(shapes) if len(others := [each for each in shapes if each != Scalar("null")]) == 1:
            return _type(others[0], lookup, seen)
    return _ANY


def _quoted(text: str) -> str:
    r"""A text as a literal of ASCII. ``\uXXXX`` is read before anything else in Java, so it may stand for no
    character that means something there."""
    plain = {'"': '\\"', "\\": "\\\\"}
    made = []
    for char in text:
        if char in plain:
            made.append(plain[char])
        elif " " <= char <= "~":
            made.append(char)
        elif char < "\x80":
            made.append(f"\\{ord(char):03o}")
        else:
            units = char.encode("utf-16-be", "surrogatepass")
            made += [f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)]
    return f'"{"".join(made)}"'


def _comment(text: str, indent: str) -> Iterator[str]:
    words = prose(text)
    if not words:
        return
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\\", "&#92;"), ("@", "&#64;")):
        words = words.replace(char, entity)
    yield f"{indent}/**"
    yield from (f"{indent} * {line}".rstrip() for line in words.split("\n"))
    yield f"{indent} */"
