"""Makes of a detail what a handler's annotation asks for: msgspec Structs, dataclasses, TypedDicts, pydantic models."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest

Convert = Callable[[Any], Any]


def annotation_of(function: Callable[..., Any]) -> Any:
    """What the first argument of ``function`` is annotated with; Any if it isn't."""
    parameters = list(inspect.signature(function).parameters)
    if not parameters:
        raise InvalidRequest(f"{function.__qualname__} takes no argument; a handler takes the detail of the event.")
    try:
        hints = typing.get_type_hints(inspect.unwrap(function))
    except NameError as error:
        raise InvalidRequest(
            f"The annotations of {function.__qualname__} can't be read ({error}): give model=..."
        ) from error
    return hints.get(parameters[0], Any)


def conversion_to(wanted: Any) -> Convert:
    """Details to ``wanted``; the conversion raises InvalidRequest with what does not fit and where."""
    if wanted is Any or typing.get_origin(wanted) in (dict, Mapping) or wanted in (dict, Mapping, object):
        return lambda detail: detail
    if callable(validate := getattr(wanted, "model_validate_json", None)):  # pydantic, which is not asked for here
        return lambda detail: _validated(validate, detail)
    return lambda detail: _converted(detail, wanted)


def _validated(validate: Convert, detail: Any) -> Any:
    """From JSON, so that a strict model takes a date's text for a date."""
    try:
        return validate(msgspec.json.encode(detail))
    except ValueError as error:  # pydantic's ValidationError is one
        raise InvalidRequest(_told(error)) from None  # its own words show values, which may be personal


def _converted(detail: Any, wanted: Any) -> Any:
    try:
        return msgspec.convert(detail, wanted)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error)) from error


def _told(error: ValueError) -> str:
    if not callable(errors := getattr(error, "errors", None)):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the detail'}: {each['msg']}" for each in errors())
