"""The transform room: what a target gets of an event. Pure: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eventyard.errors import InvalidRequest
from eventyard.transform.path import parse_path, select
from eventyard.transform.template import Context, Template, check_json

__all__ = ["Context", "Transform", "compile_transform"]

Transform = Callable[[bytes, Context], bytes]
"""From an event's body to a target's payload. Raises InvalidRequest where no valid payload results."""


def compile_transform(
    target_id: str,
    *,
    input: str | None,
    input_path: str | None,
    paths: Mapping[str, str] | None,
    template: str | None,
) -> Transform | None:
    """What a target's Input, InputPath or InputTransformer does; None leaves the body as it is.

    Raises InvalidRequest for more than one of them, text that is not JSON, bad paths and unknown placeholders."""
    if sum(given is not None for given in (input, input_path, template)) > 1:
        raise InvalidRequest(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target_id}."
        )
    if input is not None:
        return _constant(target_id, input)
    if input_path is not None:
        return None if input_path == "$" else _selected(target_id, input_path)
    if template is not None:
        return Template(target_id, template, paths or {}).fill
    return None


def _constant(target_id: str, text: str) -> Transform:
    payload = text.encode()
    check_json(payload, f"JSON syntax error in input for target {target_id}")
    return lambda body, context: payload


def _selected(target_id: str, text: str) -> Transform:
    try:
        path = parse_path(text)
    except InvalidRequest as error:
        raise InvalidRequest(f"Invalid InputPath for target {target_id}: {error.message}") from error

    def selected(body: bytes, context: Context) -> bytes:
        found = select(body, path)
        if found is None:  # the user guide is silent; AWS delivers an empty object
            return b"{}"
        return found

    return selected
