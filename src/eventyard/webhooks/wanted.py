"""What somebody wants a webhook to be: read from JSON and checked. It keeps nothing and knows no other webhooks."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.provider import Make, Provider

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
#: Headers that hold secrets, or could, whoever sends them.
_NEVER = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-amz-security-token"}
)
_HEADER = re.compile(r"[a-z0-9_-]{1,100}", re.ASCII)
_FIELD = re.compile(r"\{([^{}]*)\}")
_PARTNER = re.compile(r"aws\.partner(/[.\-_A-Za-z0-9]+){2,}", re.ASCII)

_Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class GivenSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret, and when it ends (seconds since the epoch)."""

    value: str
    expires: Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)] | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a PUT; see :class:`~eventyard.webhooks.resources.Webhook`. ``secrets``: None leaves those that are
    there as they are. ``bus``: a name or an ARN."""

    provider: str
    options: dict[str, Any] = {}
    secrets: list[str | GivenSecret] | None = None
    bus: str = ""
    source: str = ""
    detail_type: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] = "{type}"
    partner: str = ""
    headers: list[str] | None = None
    tolerance: _Seconds = 300
    window: Annotated[int, msgspec.Meta(ge=3_600, le=30 * 86_400)] = 345_600
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 100
    burst: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 200
    body_limit: Annotated[int, msgspec.Meta(ge=1, le=4 << 20)] = 1 << 20
    archive: bool = False
    archive_days: Annotated[int, msgspec.Meta(ge=2, le=3650)] = 7
    url: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    description: Annotated[str, msgspec.Meta(max_length=512)] = ""


_decode = msgspec.json.Decoder(Wanted).decode


def read(body: bytes) -> Wanted:
    """What is wanted. Raises InvalidRequest, never quoting what was sent: there may be a secret in it."""
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The webhook is not as it should be: {error}.") from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.") from error


def check(name: str, wanted: Wanted, make: Make) -> Provider:
    """The provider of a webhook that can be as ``wanted``. Raises InvalidRequest."""
    if NAME.fullmatch(name) is None:
        raise InvalidRequest(
            f"A webhook's name is 1 to 64 letters, digits, dots, hyphens and underscores, not {name[:100]!r}."
        )
    provider = make(wanted.options, wanted.tolerance * 1000)
    if wanted.window < 2 * wanted.tolerance:
        raise InvalidRequest(
            "window is at least twice the tolerance: what is forgotten while its signed time holds can be replayed."
        )
    for field in _FIELD.findall(wanted.detail_type):
        if field != "type":
            raise InvalidRequest(f"detail_type knows {{type}} only, not {{{field}}}.")
    if wanted.source.startswith("aws."):
        raise InvalidRequest("A source that begins with aws. is AWS's own; for a partner's, say partner.")
    if len(wanted.source) > 256:
        raise InvalidRequest("A source has at most 256 characters.")
    if wanted.partner:
        if _PARTNER.fullmatch(wanted.partner) is None or len(wanted.partner) > 256:
            raise InvalidRequest("partner is the name of a partner event source, such as aws.partner/stripe.com/shop.")
        if wanted.bus or wanted.source:
            raise InvalidRequest("With partner, bus and source are those of the partner event source: leave them out.")
    if wanted.url and not wanted.url.startswith(("http://", "https://")):
        raise InvalidRequest(
            "url is the whole address that the sender was given: https://hooks.example.com/webhooks/NAME."
        )
    for header in wanted.headers or ():
        if _HEADER.fullmatch(header) is None:
            raise InvalidRequest("Headers that are kept are named in lower case, such as x-github-event.")
        if header in _NEVER or header in provider.secret_headers:
            raise InvalidRequest(f"Header {header} can't be kept: it holds a secret.")
    return provider
