"""Reading a target's settings: checked by its kind, with the credentials taken apart from the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.plugin import TargetKind

#: What a credential is shown as.
STARS = "***"


def typed(of: TargetKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given``, with numbers and truth values where the kind wants some and ``given`` has them as texts, as whoever
    types a command does."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(of.settings)}
    return {
        name: _number(value, types[name]) if name in types and isinstance(value, str) else value
        for name, value in given.items()
    }


def _number(text: str, wanted: Any) -> str | int | float:
    try:
        read = msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError:  # it is told with all else that is wrong
        return text
    return read if isinstance(read, int | float) else text


def parted(
    of: TargetKind, given: Mapping[str, Any], before: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings in ``given`` without credentials, and the credentials. One that is left out, or given as the stars
    that it is shown as, is what it was ``before``; null takes it away."""
    shown = {name: value for name, value in given.items() if name not in of.secrets}
    asked = {name: given.get(name, STARS) for name in of.secrets}
    secrets = {name: before.get(name) if value == STARS else value for name, value in asked.items()}
    return shown, {name: value for name, value in secrets.items() if value is not None}


def left_out(secrets: Iterable[str], given: Mapping[str, Any]) -> list[str]:
    """Those of ``secrets`` that ``given`` says nothing new of."""
    return [name for name in secrets if given.get(name, STARS) == STARS]


def guarded(of: TargetKind, before: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The settings that changed and may decide who gets the credentials."""
    names = sorted({*before, *given} - of.secrets - of.unguarded)
    return [name for name in names if (name in before, before.get(name)) != (name in given, given.get(name))]


def checked(kind: str, of: TargetKind, settings: Mapping[str, Any]) -> msgspec.Struct:
    """The settings as ``of`` has them. Raises InvalidRequest."""
    try:
        return msgspec.convert(settings, of.settings)
    except msgspec.ValidationError as error:  # its text has names and types of values, but not the values
        text = str(error).replace(" - at `$.", ", in `").replace(" - at `$`", "").rstrip(".")
        raise InvalidRequest(f"The settings of a target of kind {kind} are not valid: {text}.") from error


def stars(names: Iterable[str]) -> dict[str, str]:
    """Credentials as they are shown."""
    return dict.fromkeys(names, STARS)
