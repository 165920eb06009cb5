"""Classes for Python 3.6 and newer without any dependency, for code bindings."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from eventyard.codegen.identifier import pascal, prose, snake
from eventyard.codegen.shape import ListOf, MapOf, Models, Named, Object, Shape

_EVENT = '''"""The whole event."""


class AWSEvent(object):
    """Its ``detail`` is of the class that ``_fields`` names."""

    _fields = (
        ("version", "version", None),
        ("id", "id", None),
        ("detail_type", "detail-type", None),
        ("source", "source", None),
        ("account", "account", None),
        ("time", "time", None),
        ("region", "region", None),
        ("resources", "resources", None),
        ("detail", "detail", "{model}"),
    )

    def __init__(
        self, version=None, id=None, detail_type=None, source=None, account=None, time=None, region=None,
        resources=None, detail=None
    ):
        self.version = version
        self.id = id
        self.detail_type = detail_type
        self.source = source
        self.account = account
        self.time = time
        self.region = region
        self.resources = resources
        self.detail = detail
'''  # fmt: skip
_MARSHALLER = '''"""From decoded JSON to the classes of this package, and back."""

from . import models
from .AWSEvent import AWSEvent

_CLASSES = {name: getattr(models, name) for name in models.__all__}
_CLASSES["AWSEvent"] = AWSEvent


class Marshaller(object):
    @classmethod
    def unmarshall(cls, data, kind):
        """An object of the class ``kind`` from ``data``. Members that the class does not know are left out, and
        members that are missing are None."""
        return cls._read(data, kind.__name__)

    @classmethod
    def marshall(cls, data):
        """``data`` as it is encoded in JSON; what is None is left out of objects."""
        if isinstance(data, list):
            return [cls.marshall(each) for each in data]
        if isinstance(data, dict):
            return {name: cls.marshall(each) for name, each in data.items()}
        if type(data).__name__ in _CLASSES and hasattr(data, "_fields"):
            found = ((name, getattr(data, field)) for field, name, _ in data._fields)
            return {name: cls.marshall(value) for name, value in found if value is not None}
        return data

    @classmethod
    def _read(cls, data, kind):
        if isinstance(kind, tuple):
            if kind[0] == "list" and isinstance(data, list):
                return [cls._read(each, kind[1]) for each in data]
            if kind[0] == "map" and isinstance(data, dict):
                return {name: cls._read(each, kind[1]) for name, each in data.items()}
            return data
        if kind is None or not isinstance(data, dict):
            return data
        made = _CLASSES[kind]
        return made(**{field: cls._read(data[name], inner) for field, name, inner in made._fields if name in data})
'''


def package(models: Models, folder: str) -> dict[str, str]:
    """The files of a package, by their paths."""
    objects = [
        (model.name, model.shape, model.description) for model in models.models if isinstance(model.shape, Object)
    ]
    names = [name for name, _, _ in objects]
    lookup = {model.name: model.shape for model in models.models}
    classes = "\n\n".join("\n".join(_class(name, shape, told, lookup)) + "\n" for name, shape, told in objects)
    alias = models.root not in names
    if alias:  # a detail that is no object of one form; its dictionary stays as it is
        names.append(models.root)
        classes += f"\n\n{models.root} = dict\n"
    detail = models.root
    head = '"""The detail of the event, and what is in it."""\n\n'
    exported = "".join(f'    "{name}",\n' for name in names)
    files = {
        f"{folder}/models.py": f"{head}__all__ = [\n{exported}]\n\n\n{classes}",
        f"{folder}/AWSEvent.py": _EVENT.replace('"{model}"', "None" if alias else f'"{detail}"'),
        f"{folder}/marshaller.py": _MARSHALLER,
        f"{folder}/__init__.py": '"""Classes for one event."""\n\n'
        "from .AWSEvent import AWSEvent\nfrom .marshaller import Marshaller\nfrom .models import *\n",
    }
    parts = folder.split("/")
    for depth in range(1, len(parts)):
        files["/".join(parts[:depth]) + "/__init__.py"] = ""
    return files


def _class(name: str, shape: Object, description: str, lookup: dict[str, Shape]) -> Iterator[str]:
    yield f"class {name}(object):"
    told = prose(description)
    if told:
        yield "    # " + told.replace("\n", "\n    # ")
    fields = list(_fields(shape))
    yield "    _fields = ("
    for field, json_name, inner in fields:
        yield f"        ({field!r}, {json_name!a}, {_kind(inner, lookup, 0)!r}),"
    yield "    )\n"
    arguments = "".join(f", {field}=None" for field, _, _ in fields)
    yield f"    def __init__(self{arguments}):"
    if not fields:
        yield "        pass"
    for field, _, _ in fields:
        yield f"        self.{field} = {field}"


def _fields(shape: Object) -> Iterator[tuple[str, str, Shape]]:
    """(attribute, name in the JSON, shape) of each field."""
    taken = {"self", "_fields"}
    for field in shape.fields:
        wanted = snake(pascal(field.name, "field")) or "field"
        if keyword.iskeyword(wanted):
            wanted += "_"
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        yield name, field.name, field.shape


def _kind(shape: Shape, lookup: dict[str, Shape], depth: int) -> str | tuple[str, object] | None:
    """What the marshaller makes of a value: the name of a class, a list or map of a kind, or the value as it is."""
    match shape:
        case Named(name) if isinstance(lookup[name], Object):
            return name
        case Named(name) if depth < len(lookup):
            return _kind(lookup[name], lookup, depth + 1)
        case ListOf(item):
            inner = _kind(item, lookup, depth + 1)
            return ("list", inner) if inner else None
        case MapOf(value):
            inner = _kind(value, lookup, depth + 1)
            return ("map", inner) if inner else None
    return None
