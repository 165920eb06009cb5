"""Events as CloudEvents 1.0.2, in the binary and the structured mode of its HTTP protocol binding.

What is sent as data is the event's detail, or what a transformer made of the event. Sources: CloudEvents specification
1.0.2; "HTTP Protocol Binding for CloudEvents" 1.0.2, 3.1.3.2 (percent-encoding of header values).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec

from eventyard.errors import InvalidRequest

Format = Literal["cloudevents-binary", "cloudevents-structured"]
FORMATS: tuple[Format, ...] = ("cloudevents-binary", "cloudevents-structured")

_URI = "!#$&'()*+,/:;=?@[]~%"
#: Printable ASCII but for the quote and the percent sign; a space is encoded as well.
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_encode = msgspec.json.Encoder().encode


class _Event(msgspec.Struct):
    id: str
    source: str
    detail: msgspec.Raw
    detail_type: str = msgspec.field(name="detail-type")
    account: str = ""
    time: str = ""
    region: str = ""


_decode = msgspec.json.Decoder(_Event).decode


def as_cloud_event(form: Format, payload: bytes, event: bytes) -> tuple[Sequence[tuple[str, str]], bytes]:
    """Headers and body for ``payload``, which was made of the body ``event`` or is it. Raises InvalidRequest for what
    is no event."""
    try:
        known = _decode(event)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidRequest(f"Only events can be sent as CloudEvents: {error}") from error
    data = bytes(known.detail) if payload == event else payload
    attributes = {
        "specversion": "1.0",
        "id": known.id,
        "source": quote(known.source, safe=_URI),
        "type": known.detail_type,
        "time": known.time,
        "awsaccount": known.account,
        "awsregion": known.region,
    }
    given = {name: value for name, value in attributes.items() if value}
    if form == "cloudevents-binary":
        headers = [(f"ce-{name}", quote(value, safe=_PLAIN)) for name, value in given.items()]
        return [("Content-Type", "application/json"), *headers], data
    head = _encode({**given, "datacontenttype": "application/json"})[:-1]
    body = head + b',"data":' + data + b"}"
    return [("Content-Type", "application/cloudevents+json; charset=utf-8")], body
