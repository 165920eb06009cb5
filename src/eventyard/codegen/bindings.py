"""Code bindings of the schema registry: a zip file of classes for the whole event and its detail.

What is in the packages follows EventBridge's user guide, "Code bindings", and the imports that AWS's own examples make
of them: ``from schema.aws.ec2.ec2instancestatechangenotification import AWSEvent, Marshaller``.
"""

from __future__ import annotations

import io
import keyword
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from eventyard.codegen.python36 import package
from eventyard.codegen.shaping import shaped
from eventyard.codegen.typescript import typescript
from eventyard.errors import InvalidRequest, Unsupported

#: The registry's languages that there are bindings in.
BINDINGS = ("Python36", "TypeScript3")
_KNOWN = (*BINDINGS, "Java8", "Go1")
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

    Raises Unsupported for Java8 and Go1, InvalidRequest for other languages and for schemas that no code fits.
    """
    if language not in _KNOWN:
        raise InvalidRequest(f"There is no language {language}. Languages are {', '.join(_KNOWN)}.")
    if language not in BINDINGS:
        raise Unsupported(f"Code bindings in {language} are not made here, only Python36 and TypeScript3.")
    source, _, kind = name.rpartition("@")
    models = shaped(_detail(schema), {}, kind)
    folder = "/".join(["schema", *(_part(part) for part in source.split(".") if source), _part(kind)])
    if language == "Python36":
        return _zip(package(models, folder))
    root = models.root
    files = {
        f"{folder}/{root}.ts": typescript(models),
        f"{folder}/AWSEvent.ts": _TYPESCRIPT_EVENT.format(model=root),
        f"{folder}/Marshaller.ts": _TYPESCRIPT_MARSHALLER,
        f"{folder}/index.ts": "".join(f'export * from "./{each}";\n' for each in ("AWSEvent", "Marshaller", root)),
    }
    return _zip(files)


def _detail(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the detail alone, where ``schema`` is that of a whole event."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not {"detail", "detail-type"} <= properties.keys():
        return schema
    detail = properties["detail"]
    shared = {name: schema[name] for name in ("$schema", "$defs", "definitions") if name in schema}
    return {**shared, **(detail if isinstance(detail, Mapping) else {})}


def _part(text: str) -> str:
    """A part of a package's name: lower-case letters and digits, as in ``ec2instancestatechangenotification``."""
    part = re.sub("[^a-z0-9_]", "_", text.lower())
    part = part if re.match("[a-z]", part) else f"n{part}"
    return f"{part}_" if keyword.iskeyword(part) else part


def _zip(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
