"""JSONPath as EventBridge takes it: from the root down by names and list indexes. Nothing else of JSONPath.

Source: user guide, "Amazon EventBridge input transformation": dot notation, ``['name']`` and ``[0]``.
"""

from __future__ import annotations

import re

import msgspec

from eventyard.errors import InvalidRequest

Step = str | int

_STEP = re.compile(r"""\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^'\]]+)'\]|\["([^"\]]+)"\]""")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of ``text``; none for ``$``, the whole event. Raises InvalidRequest for any other form."""
    if not text.startswith("$"):
        raise InvalidRequest(f"Invalid JSONPath: {text} must begin with '$'.")
    steps: list[Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise InvalidRequest(f"Invalid JSONPath: {text} can't be read at position {at + 1}.")
        name, index, quoted, double = found.groups()
        steps.append(int(index) if index is not None else name or quoted or double)
        at = found.end()
    return tuple(steps)


def select(body: bytes, steps: tuple[Step, ...]) -> bytes | None:
    """The text of the value at ``steps``, byte for byte as it stands in ``body``; None where there is none."""
    value: bytes | msgspec.Raw = body
    for step in steps:
        try:
            if isinstance(step, str):
                value = _OBJECT.decode(value)[step]
            else:
                value = _LIST.decode(value)[step]
        except (msgspec.DecodeError, KeyError, IndexError):
            return None
    return bytes(value).strip()
