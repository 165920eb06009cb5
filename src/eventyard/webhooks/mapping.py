"""What arrived, as an event: the body's own text as its detail, the provider's type, and the headers that are kept."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.provider import Arrival, Refused, Request

if TYPE_CHECKING:
    from eventyard.webhooks.resources import Webhook
    from eventyard.webhooks.webhooks import Live

#: API reference, "PutEventsRequestEntry": of a resource, of a source and of a detail type.
_LONGEST, _SOURCE, _TYPE = 2_048, 256, 128
#: User guide, "Amazon EventBridge quotas", as PutEvents here has it.
_MOST = 1 << 20
_encode = msgspec.json.Encoder().encode


class Place(msgspec.Struct, frozen=True):
    """A bus by its ARN, the account and region that its events are of, and their source (empty is the sender's)."""

    bus: str
    account: str
    region: str
    source: str


def event_of(webhook: Webhook, place: Place, arrival: Arrival, headers: Sequence[tuple[str, str]], now: int) -> Event:
    """The event of what arrived at ``webhook``. Raises Refused where it can be none."""
    if not arrival.type and "{type}" in webhook.detail_type:
        raise Refused("body", "It can't be told of which type it is: give the webhook a detail_type of its own.")
    kind = webhook.detail_type.replace("{type}", arrival.type)
    before = [webhook.arn, *(f"header:{name}={value}" for name, value in headers)]
    return event_of_arrival(place, arrival, kind, before, now, reserved=bool(webhook.partner))


def event_of_arrival(
    place: Place, arrival: Arrival, kind: str, resources: Sequence[str], now: int, *, reserved: bool = False
) -> Event:
    """The event with detail-type ``kind``. What else the sender said of it stands behind ``resources``. ``reserved``:
    whether its source may begin with ``aws.``. Raises Refused where it can be none."""
    source = place.source or arrival.source or ""
    if source.startswith("aws.") and not reserved:
        raise Refused("body", "The source begins with aws., which is AWS's own.")
    if len(kind) > _TYPE or not source or len(source) > _SOURCE:
        raise Refused("body", f"A type has at most {_TYPE} characters, a source 1 to {_SOURCE}.")
    every = [*resources, *(f"{name}={value}" for name, value in arrival.about.items())]
    try:
        body = envelope(
            id=new_ids(1, now)[0],
            detail_type=kind,
            source=source,
            account=place.account,
            time=iso_seconds(now if arrival.time is None else arrival.time),
            region=place.region,
            resources=[each for each in every if len(each) <= _LONGEST],
            detail=arrival.payload,
        )
    except UnicodeEncodeError as error:
        raise Refused("body", "It holds text that is not valid Unicode.") from error
    if len(body) > _MOST:
        raise Refused("body", f"As an event it is larger than {_MOST} bytes.")
    return Event(body, now)


def kept_headers(live: Live, request: Request) -> list[tuple[str, str]]:
    """The request's headers that the webhook keeps."""
    wanted = live.provider.kept if live.webhook.headers is None else live.webhook.headers
    return [(name, value) for name, value in request.headers if name in wanted]


def raw_record(live: Live, request: Request, ids: Sequence[str], now: int) -> Event:
    """The whole request, but for headers and a query that hold secrets, as JSON in a log."""
    hidden = live.provider.secret_headers | {"authorization", "proxy-authorization", "cookie"}
    record: dict[str, Any] = {
        "at": now,
        "method": request.method,
        "path": request.url.partition("?")[0],
        "peer": request.peer,
        "headers": [[name, value] for name, value in request.headers if name not in hidden],
        "events": list(ids),
    }
    try:
        record["body"] = request.body.decode("utf-8")
    except UnicodeDecodeError:
        record["body_base64"] = base64.b64encode(request.body).decode()
    return Event(_encode(record), now)
