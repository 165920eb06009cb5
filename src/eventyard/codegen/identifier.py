"""Names and texts of a schema made harmless: identifiers for code, words for comments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_LONGEST = 60
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: What generated files of all languages import or have built in; no model takes its name.
_TAKEN = frozenset({
    "Annotated", "Any", "Array", "AwareDatetime", "BaseModel", "Boolean", "Buffer", "ConfigDict", "Date", "Error",
    "EventBridgeEvent", "Exception", "False", "Field", "Function", "Infinity", "Iterator", "List", "Literal", "Map",
    "Meta", "None", "NotRequired", "Number", "Object", "Omit", "Partial", "Pick", "Promise", "Proxy", "Readonly",
    "Record", "RegExp", "Required", "RootModel", "Self", "Set", "String", "Struct", "Symbol", "True", "Tuple", "Type",
    "TypeAdapter", "TypedDict", "Union", "UnsetType", "Optional", "Dict", "Marshaller", "AWSEvent", "UUID", "Model",
    "Enum", "UnmarshalEvent", "MarshalEvent", "Class", "Double", "JsonAutoDetect", "JsonIgnoreProperties",
    "JsonInclude", "JsonProperty", "Long",
})  # fmt: skip


def pascal(text: str, fallback: str = "Model") -> str:
    """``text`` as the name of a class in ASCII: ``delivery slot`` becomes ``DeliverySlot``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = "".join(word[:1].upper() + word[1:] for word in _WORDS.findall(plain))[:_LONGEST] or fallback
    return name if name[0].isalpha() else f"N{name}"


def free(name: str, taken: Container[str]) -> str:
    """``name``, or with a number behind it if it is ``taken`` or means something in a language already."""
    if name in _TAKEN:
        name = f"{name}Type"
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def snake(name: str) -> str:
    """A PascalCase name as the name of a file or function: ``delivery_slot``."""
    return "_".join(word.lower() for word in _WORDS.findall(name))


def prose(text: str) -> str:
    """``text`` without what could end or disguise a comment: control and formatting characters, line ends of other
    systems, the mark that ends comments."""
    clean = "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else " "
        for char in text.replace("\r\n", "\n").replace("\r", "\n")
    )
    return clean.replace("*/", "* /").strip()
