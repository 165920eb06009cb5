"""The event: what a producer published, in the one form in which it is stored, matched and delivered.

The body is built once, when the event is admitted, and is what the log keeps and a target receives: compact JSON with
the keys in AWS's order and the producer's own ``Detail`` text inside, byte for byte (never a re-serialisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from random import randbytes

import msgspec

_ID_START, _ID_END = len('{"version":"0","id":"'), len('{"version":"0","id":"') + 36
_RESOURCES = b',"resources":'
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_encode = msgspec.json.Encoder().encode


class Event(msgspec.Struct, frozen=True, gc=False):
    """One admitted event.

    ``body``: the whole envelope as UTF-8 JSON: version, id, detail-type, source, account, time, region, (replay-name),
    resources, detail. ``ingested``: milliseconds since the epoch. ``trace``: what is kept beside the body because it is
    not to be delivered in it, as :func:`beside` writes it.
    """

    body: bytes
    ingested: int
    trace: str | None = None

    @property
    def id(self) -> str:
        """The event id; every body begins with version and id, so it stands at a fixed place."""
        return self.body[_ID_START:_ID_END].decode("ascii")

    @property
    def header(self) -> str | None:
        """The X-Ray trace header that the producer gave."""
        return None if self.trace is None else self.trace.partition("\n")[0] or None

    @property
    def path(self) -> tuple[str, ...]:
        """The ARNs of the buses that the event was on before it was sent on to this one, the first first."""
        return () if self.trace is None else tuple(self.trace.partition("\n")[2].partition("\n")[0].split())

    @property
    def due(self) -> int | None:
        """When the clock was to publish it, in milliseconds since the epoch; None for what others published."""
        lines = () if self.trace is None else self.trace.split("\n", 2)
        return int(lines[2]) if len(lines) == 3 else None

    @property
    def born(self) -> int:
        """What its age is counted from."""
        return self.ingested if self.trace is None or (due := self.due) is None else due


def beside(header: str | None, path: Sequence[str] = (), due: int | None = None) -> str | None:
    """An event's ``trace``: the trace header, the buses of the ``path``, and when it was due, in a line each; the last
    ones only if there is something in them."""
    # A header has no line breaks (RFC 9110); one that has must not pass for a path.
    line = " ".join(header.splitlines()) if header else ""
    if due is not None:
        return f"{line}\n{' '.join(path)}\n{due}"
    return f"{line}\n{' '.join(path)}" if path else line or None


def new_ids(count: int, now: int) -> list[str]:
    """``count`` fresh event ids: UUIDs of version 7 (RFC 9562), whose first 48 bits are ``now``.

    An id therefore says when its event was published, and the log can be searched by id without an index.
    """
    # Not os.urandom, which lets go of the interpreter's lock and then waits behind the threads of the store.
    noise = randbytes(10 * count).hex()
    stamp = f"{now:012x}"
    head = f"{stamp[:8]}-{stamp[8:]}-7"
    ids = []
    for at in range(0, 20 * count, 20):
        variant = _VARIANTS[noise[at + 3]]
        ids.append(f"{head}{noise[at : at + 3]}-{variant}{noise[at + 4 : at + 7]}-{noise[at + 7 : at + 19]}")
    return ids


def published_at(event_id: str) -> int:
    """The milliseconds since the epoch at which ``event_id`` was made; 0 if it is not one of ours."""
    text = event_id.replace("-", "")
    if len(text) != 32 or text[12] != "7":
        return 0
    try:
        return int(text[:12], 16)
    except ValueError:
        return 0


def iso_seconds(millis: int) -> str:
    """``2026-11-23T16:07:33Z``: the form of an envelope's ``time``, in whole seconds as AWS gives it."""
    return datetime.fromtimestamp(millis // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def derived_id(event_id: str, place: str) -> str:
    """The id of the copy of ``event_id`` at ``place``: the same each time, and made at the same time."""
    noise = blake2b(f"{event_id} {place}".encode(), digest_size=10).hexdigest()
    variant = _VARIANTS[noise[3]]
    return f"{event_id[:15]}{noise[:3]}-{variant}{noise[4:7]}-{noise[7:19]}"


def with_id(body: bytes, event_id: str) -> bytes:
    """``body`` with another id, and everything else byte for byte as it was."""
    return b"".join((body[:_ID_START], event_id.encode("ascii"), body[_ID_END:]))


def with_replay_name(body: bytes, name: str) -> bytes:
    """``body`` with ``replay-name`` in its place, and everything else byte for byte as it was."""
    # Quotes inside of a text are escaped, so the first such key is the envelope's own.
    head, key, rest = body.partition(_RESOURCES)
    return b"".join((head, b',"replay-name":', _encode(name), key, rest))


def envelope(
    *,
    id: str,
    detail_type: str,
    source: str,
    account: str,
    time: str,
    region: str,
    resources: Sequence[str],
    detail: bytes,
    replay_name: str | None = None,
) -> bytes:
    """The body of an :class:`Event`. ``detail``: the producer's JSON text, already checked, spliced in as it is.

    Key order and the absence of spaces follow real deliveries of EventBridge.
    """
    replay = b',"replay-name":' + _encode(replay_name) if replay_name else b""
    return b"".join(
        (
            b'{"version":"0","id":"',
            id.encode("ascii"),
            b'","detail-type":',
            _encode(detail_type),
            b',"source":',
            _encode(source),
            b',"account":"',
            account.encode("ascii"),
            b'","time":"',
            time.encode("ascii"),
            b'","region":"',
            region.encode("ascii"),
            b'"',
            replay,
            b',"resources":',
            _encode(list(resources)) if resources else b"[]",
            b',"detail":',
            detail,
            b"}",
        )
    )
