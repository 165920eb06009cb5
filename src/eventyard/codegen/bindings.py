"""Code bindings of the schema registry: a zip file of classes for the whole event and its detail.

What is in the packages follows EventBridge's user guide, "Code bindings", and the imports that AWS's own examples make
of them: ``from schema.aws.ec2.ec2instancestatechangenotification import AWSEvent, Marshaller``.
"""

from __future__ import annotations

import io
import keyword
import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from typing import Any

from eventyard.codegen import golang, java
from eventyard.codegen.python36 import package
from eventyard.codegen.shape import Models
from eventyard.codegen.shaping import shaped
from eventyard.codegen.typescript import typescript
from eventyard.errors import InvalidRequest

_TYPESCRIPT_EVENT = """import type {{ {model} }} from "./{model}";

/** The whole event. */
export interface AWSEvent {{
  version: string;
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: {model};
}}
"""
_TYPESCRIPT_MARSHALLER = """import type { AWSEvent } from "./AWSEvent";

/** Events are plain objects; these give them their types. */
export class Marshaller {
  static unmarshall(event: unknown): AWSEvent {
    return event as AWSEvent;
  }

  static marshall(event: AWSEvent): unknown {
    return event;
  }
}
"""


def binding(schema: Mapping[str, Any], language: str, name: str) -> bytes:
    """A zip file of code for ``schema``, a JSON schema of a detail or of a whole event (with ``detail-type`` and
    ``detail`` among its properties). ``name``: the schema's, such as ``aws.ec2@EC2InstanceStateChangeNotification``.
    The same schema gives the same bytes.

    Raises InvalidRequest for other languages than :data:`BINDINGS` and for schemas that no code fits.
    """
    if language not in _LANGUAGES:
        raise InvalidRequest(f"There is no language {language}. Languages are {', '.join(_LANGUAGES)}.")
    source, _, kind = name.rpartition("@")
    words, write = _LANGUAGES[language]
    parts = [_part(part, words) for part in (*(part for part in source.split(".") if source), kind)]
    return _zip(write(shaped(_detail(schema), {}, kind), ["schema", *parts]))


def _python(models: Models, parts: list[str]) -> dict[str, str]:
    return package(models, "/".join(parts))


def _typescript(models: Models, parts: list[str]) -> dict[str, str]:
    root, folder = models.root, "/".join(parts)
    return {
        f"{folder}/{root}.ts": typescript(models),
        f"{folder}/AWSEvent.ts": _TYPESCRIPT_EVENT.format(model=root),
        f"{folder}/Marshaller.ts": _TYPESCRIPT_MARSHALLER,
        f"{folder}/index.ts": "".join(f'export * from "./{each}";\n' for each in ("AWSEvent", "Marshaller", root)),
    }


def _java(models: Models, parts: list[str]) -> dict[str, str]:
    return {f"{'/'.join(parts)}/{name}": text for name, text in java.java(models, ".".join(parts)).items()}


def _go(models: Models, parts: list[str]) -> dict[str, str]:
    return {f"{'/'.join(parts)}/{name}": text for name, text in golang.golang(models, parts[-1]).items()}


_LANGUAGES: dict[str, tuple[Collection[str], Callable[[Models, list[str]], dict[str, str]]]] = {
    "Java8": (java.KEYWORDS, _java),
    "Python36": (keyword.kwlist, _python),
    "TypeScript3": (keyword.kwlist, _typescript),
    "Go1": (golang.KEYWORDS, _go),
}
BINDINGS = tuple(_LANGUAGES)
"""The registry's languages."""


def _detail(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the detail alone, where ``schema`` is that of a whole event."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not {"detail", "detail-type"} <= properties.keys():
        return schema
    detail = properties["detail"]
    shared = {name: schema[name] for name in ("$schema", "$defs", "definitions") if name in schema}
    return {**shared, **(detail if isinstance(detail, Mapping) else {})}


def _part(text: str, words: Collection[str]) -> str:
    """A part of a package's name: lower-case letters and digits, as in ``ec2instancestatechangenotification``.
    ``words``: those of the language."""
    part = re.sub("[^a-z0-9_]", "_", text.lower())
    part = part if re.match("[a-z]", part) else f"n{part}"
    return f"{part}_" if part in words else part


def _zip(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
