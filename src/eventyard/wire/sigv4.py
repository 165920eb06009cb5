"""AWS Signature Version 4, verified over the bytes as they arrived. It does not know what the caller may do.

Source: AWS, "Create a signed AWS API request". A captured request can be replayed within the five minutes a signature
lives: AWS's SDKs send the same signature again on retries, so only TLS keeps signatures from being captured.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Forbidden
from eventyard.wire.credential import Scope, scope_of

_ALGORITHM = b"AWS4-HMAC-SHA256"
_SKEW = 300
_FORM = "%Y%m%dT%H%M%SZ"
_MOST_CACHED = 1000
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/")


class _Signature(msgspec.Struct, frozen=True):
    scope: Scope
    signed: list[bytes]
    value: bytes


class SigV4Authenticator:
    """Verifies signatures in the Authorization header; presigned URLs and unsigned or streamed payloads are refused."""

    def __init__(self, keys: Mapping[str, tuple[str, str]], clock: Clock) -> None:
        """``keys``: access key id to (secret, account)."""
        self._keys = keys
        self._clock = clock
        self._signing_keys: dict[tuple[str, str, str, str], bytes] = {}

    def authenticate(
        self, method: str, raw_path: bytes, raw_query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[str, str]:
        found: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            found.setdefault(name, []).append(value)
        if b"X-Amz-Signature=" in raw_query or b"X-Amz-Credential=" in raw_query:
            raise _incomplete("Signatures in the query string are not supported by this server; sign with a header.")
        signature = _parse(found.get(b"authorization", []))
        moment = _date(found)
        self._check_time(moment, signature.scope)
        _check_headers(found, signature.signed)
        digest = hashlib.sha256(body).hexdigest().encode()
        for stated in found.get(b"x-amz-content-sha256", []):
            if not hmac.compare_digest(stated, digest):
                raise _mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.")
        canonical = b"\n".join([
            method.encode(),
            canonical_path(raw_path),
            canonical_query(raw_query),
            *(name + b":" + b",".join(b" ".join(value.split()) for value in found[name]) for name in signature.signed),
            b"",
            b";".join(signature.signed),
            digest,
        ])  # fmt: skip
        return self._verify(signature, moment, canonical)

    def _verify(self, signature: _Signature, moment: str, canonical: bytes) -> tuple[str, str]:
        scope = signature.scope
        secret, account = self._keys.get(scope.key, ("", ""))
        area = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{area}\n{hashlib.sha256(canonical).hexdigest()}"
        # An unknown key takes the same steps, so that time does not tell which keys exist.
        expected = hmac.digest(self._signing_key(scope, secret), text.encode(), "sha256").hex().encode()
        matches = hmac.compare_digest(expected, signature.value)
        if not account:
            raise Forbidden("The security token included in the request is invalid.", "UnrecognizedClientException")
        if not matches:
            raise _mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details."
            )
        return account, scope.region

    def _signing_key(self, scope: Scope, secret: str) -> bytes:
        place = (scope.key, scope.date, scope.region, scope.service)
        key = self._signing_keys.get(place)
        if key is None:
            key = f"AWS4{secret}".encode()
            for part in (scope.date, scope.region, scope.service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            if scope.key in self._keys:
                if len(self._signing_keys) >= _MOST_CACHED:
                    self._signing_keys.clear()
                self._signing_keys[place] = key
        return key

    def _check_time(self, moment: str, scope: Scope) -> None:
        try:
            signed = datetime.strptime(moment, _FORM).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise _incomplete("Date must be in ISO-8601 'basic format'. Got '" + moment[:40] + "'.") from error
        if scope.date != moment[:8]:
            raise _mismatch(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {moment}."
            )
        now = self._clock.now() // 1000
        if signed < now - _SKEW:
            raise _mismatch(
                f"Signature expired: {moment} is now earlier than {_text(now - _SKEW)} ({_text(now)} - 5 min.)"
            )
        if signed > now + _SKEW:
            raise _mismatch(
                f"Signature not yet current: {moment} is still later than {_text(now + _SKEW)} ({_text(now)} + 5 min.)"
            )


def _parse(values: list[bytes]) -> _Signature:
    if not values:
        raise Forbidden("Missing Authentication Token", "MissingAuthenticationTokenException")
    if len(values) > 1:
        raise _incomplete("There is more than one Authorization header.")
    algorithm, _, rest = values[0].partition(b" ")
    if algorithm != _ALGORITHM:
        raise _incomplete("The Authorization header must use AWS4-HMAC-SHA256.")
    parts: dict[bytes, bytes] = {}
    for part in rest.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name in parts:
            raise _incomplete("The Authorization header names a part twice.")
        parts[name] = value
    for name in (b"Credential", b"Signature", b"SignedHeaders"):
        if not parts.get(name):
            raise _incomplete(f"Authorization header requires '{name.decode()}' parameter.")
    scope = scope_of(b"Credential=" + parts[b"Credential"])
    words = "" if scope is None else (scope.region + scope.service).replace("-", "")
    if scope is None or not (words.isascii() and words.isalnum()):
        raise _incomplete("Credential must have exactly 5 slash-delimited elements, the last of them aws4_request.")
    signed = parts[b"SignedHeaders"].split(b";")
    if signed != sorted(set(signed)):
        raise _incomplete("SignedHeaders must be sorted and name each header once.")
    return _Signature(scope, signed, parts[b"Signature"])


def _date(found: dict[bytes, list[bytes]]) -> str:
    dates = found.get(b"x-amz-date", [])
    if len(dates) != 1:
        raise _incomplete("Authorization header requires existence of one 'X-Amz-Date' header.")
    return dates[0].decode("latin-1")


def _check_headers(found: dict[bytes, list[bytes]], signed: list[bytes]) -> None:
    """What decides the meaning of a request must be signed, or a captured signature could be aimed elsewhere."""
    for name in signed:
        if name not in found:
            raise _mismatch(f"The signed header '{name.decode('latin-1')[:100]}' is not in the request.")
    for name in found:
        needed = name.startswith(b"x-amz-") or name in (b"host", b"content-type")
        if needed and name not in signed:
            raise _mismatch(f"'{name.decode('latin-1')[:100]}' must be a 'SignedHeader' in the AWS Authorization.")
    if b"host" not in signed:
        raise _mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if b"x-amz-security-token" in found:
        # The keys here are lasting ones; a token belongs to temporary ones.
        raise Forbidden("The security token included in the request is invalid.", "UnrecognizedClientException")


def canonical_path(raw_path: bytes) -> bytes:
    """Dot segments and repeated slashes removed, then encoded once more than it arrived (all services but S3)."""
    steps: list[bytes] = []
    for step in raw_path.split(b"/"):
        if step == b"..":
            del steps[-1:]
        elif step and step != b".":
            steps.append(step)
    path = b"/" + b"/".join(steps) + (b"/" if steps and raw_path.endswith(b"/") else b"")
    return b"".join(bytes([char]) if char in _SAFE else b"%%%02X" % char for char in path)


def canonical_query(raw_query: bytes) -> bytes:
    """Sorted by name, then value; encoded as it arrived, so a client must send what it signs."""
    if not raw_query:
        return b""
    pairs = sorted((name, value) for name, _, value in (part.partition(b"=") for part in raw_query.split(b"&")))
    return b"&".join(name + b"=" + value for name, value in pairs)


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_FORM)


def _incomplete(message: str) -> Forbidden:
    return Forbidden(message, "IncompleteSignatureException")


def _mismatch(message: str) -> Forbidden:
    return Forbidden(message, "InvalidSignatureException")
