"""Models as Python in four styles, by datamodel-code-generator; this is the only place that knows it.

It gets a schema of harmless names and few keywords, and what it writes is audited before anybody sees it."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from typing import Any

import msgspec

from eventyard.codegen.audit import HIDDEN, audit
from eventyard.codegen.identifier import free, pascal, snake
from eventyard.codegen.plain import Abilities, plain
from eventyard.codegen.shape import Field, Models, Object, Shape
from eventyard.errors import InvalidRequest, Unsupported

#: Attributes that pydantic's and msgspec's models have already, or that their files import.
_RESERVED = frozenset({"construct", "copy", "date", "dict", "field", "fields", "json", "schema", "validate"})
STYLES = ("pydantic", "dataclass", "typeddict", "msgspec")
_ABILITIES = {
    "pydantic": Abilities(frozenset({"date", "date-time", "uuid"})),
    "dataclass": Abilities(),
    "typeddict": Abilities(tuples=False),  # it is the JSON as it was decoded
    "msgspec": Abilities(booleans=False, apart=False),
}


def python(models: Models, style: str, header: str, converted: bool = False) -> str:
    """The source of ``models`` in one of :data:`STYLES`. ``header``: a comment without its marks, already harmless.
    ``converted``: details will be made of the models by msgspec, as ``eventyard.handler`` does for all but pydantic.

    Raises:
        Unsupported: datamodel-code-generator is not installed.
        InvalidRequest: the style can't say what the schema says; the message names what.
    """
    if style not in STYLES:
        raise InvalidRequest(f"There is no style {style}. Styles are {', '.join(STYLES)}.")
    _takeable(models, style)
    abilities = _ABILITIES[style]
    if converted and style != "pydantic":
        abilities = msgspec.structs.replace(abilities, apart=False)
    written = _generated(plain(models, abilities), models.root, style, _attributes(models))
    head = "".join(f"# {line}\n" for line in header.split("\n"))
    source = head + re.sub("\n{4,}", "\n\n\n", _escaped(written.strip("\n"))) + "\n"
    classes = audit(source)
    if style in ("dataclass", "typeddict"):
        _same_names(models, classes, style)
    return source


def _generated(schema: dict[str, Any], root: str, style: str, attributes: dict[str, str]) -> str:
    try:
        from datamodel_code_generator import Error as GenerationError
        from datamodel_code_generator import InputFileType, LiteralType, PythonVersion, generate
        from datamodel_code_generator.enums import DataModelType
    except ImportError as error:
        raise Unsupported("Models in Python need datamodel-code-generator: pip install 'eventyard[codegen]'") from error
    kind = {
        "pydantic": DataModelType.PydanticV2BaseModel,
        "dataclass": DataModelType.DataclassesDataclass,
        "typeddict": DataModelType.TypingTypedDict,
        "msgspec": DataModelType.MsgspecStruct,
    }[style]
    try:
        made = generate(
            json.dumps(schema),
            input_file_type=InputFileType.JsonSchema,
            output_model_type=kind,
            class_name=root,
            aliases=attributes,
            formatters=[],
            disable_timestamp=True,
            custom_file_header="#",
            target_python_version=PythonVersion.PY_311,
            use_union_operator=True,
            use_standard_collections=True,
            use_annotated=True,
            use_schema_description=True,
            use_tuple_for_fixed_items=True,
            use_closed_typed_dict=False,
            allow_population_by_field_name=True,
            enum_field_as_literal=LiteralType.All,
            strict_nullable=True,
            output=None,
        )
    except GenerationError as error:
        raise InvalidRequest(f"No {style} models can be made of the schema: {error}") from error
    assert isinstance(made, str)
    return made.removeprefix("#")


def _attributes(models: Models) -> dict[str, str]:
    """Attributes for the names that are none, each its own."""
    names = dict.fromkeys(field.name for model in models.models for field in _fields(model.shape))
    taken = set(names)
    found = {}
    for name in names:
        if not _is_attribute(name):
            wanted = snake(pascal(name, "Field"))
            reserved = keyword.iskeyword(wanted) or wanted in _RESERVED or wanted.startswith("model_")
            found[name] = free(f"{wanted}_member" if reserved else wanted, taken)
            taken.add(found[name])
    return found


def _is_attribute(name: str) -> bool:
    """Whether Python takes a name as it is: it reads some letters as others (PEP 3131), some names as private."""
    return name.isidentifier() and unicodedata.normalize("NFKC", name) == name and not name.startswith("_")


def _fields(shape: Shape) -> tuple[Field, ...]:
    return shape.fields if isinstance(shape, Object) else ()


def _takeable(models: Models, style: str) -> None:
    """Raises InvalidRequest for names that classes, or msgspec's, can't have at all."""
    if style == "typeddict":
        return
    unfit = re.compile(r'|.*[\\"\x00-\x1f].*' if style == "msgspec" else "", re.DOTALL)
    refused = sorted({f.name for model in models.models for f in _fields(model.shape) if unfit.fullmatch(f.name)})
    if refused:
        names = ", ".join(map(ascii, refused))
        raise InvalidRequest(f"A {style} model can't have fields named {names}. Choose another style.")


def _escaped(source: str) -> str:
    """Names that were quoted as they are, with what is hidden in them written as escapes."""
    return "".join(
        f"\\U{ord(char):08x}" if char != "\n" and unicodedata.category(char) in HIDDEN else char for char in source
    )


def _same_names(models: Models, classes: dict[str, list[str]], style: str) -> None:
    """Raises InvalidRequest where a field had to be renamed: the style has no place for the name in the JSON."""
    for model in models.models:
        lost = sorted({field.name for field in _fields(model.shape)} - set(classes.get(model.name, ())))
        if lost:
            raise InvalidRequest(
                f"A {style} can't have fields named {', '.join(map(ascii, lost))}. Choose another style."
            )
