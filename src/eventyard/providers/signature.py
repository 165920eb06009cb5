"""What signatures are made of: keyed hashes, their two spellings, times, and comparing in constant time.

Everything compared is bytes: comparing texts that are not ASCII in constant time raises.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

from eventyard.errors import InvalidRequest
from eventyard.provider import Refused, Request

ALGORITHMS = ("sha256", "sha1", "sha512")
ENCODINGS = ("hex", "base64")
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
#: A header with more signatures than that is not a provider's: each is a comparison.
_MOST = 16


def digest(secret: bytes, message: bytes, algorithm: str = "sha256") -> bytes:
    """The HMAC (RFC 2104)."""
    return hmac.new(secret, message, algorithm).digest()


def decoded(text: str, encoding: str, header: str) -> bytes:
    """The bytes that ``text`` spells in hex or base64. Raises Refused, naming ``header``."""
    try:
        if encoding == "hex":
            return binascii.unhexlify(text)
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # of which binascii.Error is one
        raise Refused("header", f"The signature in header {header} is not {encoding}.") from error


def encoded(signature: bytes, encoding: str) -> str:
    return signature.hex() if encoding == "hex" else base64.b64encode(signature).decode("ascii")


def same(one: bytes, other: bytes) -> bool:
    """Whether they are equal, found out in a time that doesn't tell how far."""
    return hmac.compare_digest(one, other)


def check_any(expected: Iterable[bytes], given: Sequence[bytes], header: str) -> int:
    """Which of ``expected`` is among ``given``: its place. All are compared. Raises Refused if none is."""
    if len(given) > _MOST:
        raise Refused("header", f"Header {header} holds {len(given)} signatures; {_MOST} are the most.")
    found = -1
    for at, one in enumerate(expected):
        for other in given:
            found = at if same(one, other) else found
    if found < 0:
        raise Refused("signature", f"The signature in header {header} was not made with a secret that is valid now.")
    return found


def check_time(text: str, header: str, now: int, tolerance: int) -> int:
    """The moment (ms) that ``text`` says in seconds since the epoch. Raises Refused if it says none, or one that is
    more than ``tolerance`` (ms) away from ``now``."""
    if _SECONDS.fullmatch(text) is None:
        raise Refused("header", f"The time in header {header} is not a number of seconds since 1970.")
    moment = int(text) * 1000
    if abs(now - moment) > tolerance:
        away = abs(now - moment) // 1000
        when = "old" if moment < now else "in the future"
        raise Refused("stale", f"The time in header {header} is {away} s {when}; {tolerance // 1000} s are allowed.")
    return moment


def hash_key(*parts: str | bytes) -> str:
    """A key for what has no id: the hash of what it is."""
    seen = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        seen.update(b"%d:" % len(data) + data)
    return f"hash:{seen.hexdigest()}"


def check_text(secret: str, least: int = 1) -> None:
    """A secret is any text of ``least`` characters that can be sent. Raises InvalidRequest."""
    if len(secret) < least:
        raise InvalidRequest(f"A secret has at least {least} character{'s' * (least > 1)}.")
    if secret != secret.strip() or not secret.isprintable():
        raise InvalidRequest("A secret has no spaces around it and no control characters in it.")


def signed(request: Request, *headers: tuple[str, str]) -> Request:
    """``request`` with ``headers`` in place of those it had of these names."""
    names = {name for name, _ in headers}
    kept = tuple(each for each in request.headers if each[0] not in names)
    return Request(
        method=request.method, url=request.url, headers=(*kept, *headers), body=request.body, peer=request.peer
    )
