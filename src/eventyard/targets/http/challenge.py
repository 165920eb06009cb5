"""The answer to a 401: Basic and Digest authentication with a name and a password. It calls nobody.

Sources: RFC 7617 (Basic), RFC 7616 (Digest; the algorithms MD5 and SHA-256, with and without the quality "auth").
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import msgspec

_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}


class Login(msgspec.Struct, frozen=True):
    """A name and a password."""

    name: str
    password: str


def login_of(url: str) -> Login | None:
    """The name and password in ``url``; None without them."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return Login(unquote(parts.username), unquote(parts.password or ""))


def answer_to(challenge: str, login: Login, method: str, path: str, nonce: str) -> str | None:
    """The Authorization header that ``challenge``, a WWW-Authenticate header, asks for; None if it asks for something
    else. ``nonce``: a fresh text that nobody can guess."""
    scheme, _, rest = challenge.strip().partition(" ")
    if scheme.lower() == "basic":
        return "Basic " + base64.b64encode(f"{login.name}:{login.password}".encode()).decode()
    if scheme.lower() != "digest":
        return None
    try:
        given = {name.lower(): value for name, value in parse_keqv_list(parse_http_list(rest)).items()}
    except (ValueError, IndexError):
        return None
    return _digest(given, login, method, path, nonce)


def _digest(given: Mapping[str, str], login: Login, method: str, path: str, nonce: str) -> str | None:
    algorithm = given.get("algorithm", "MD5")
    kind = _ALGORITHMS.get(algorithm.upper())
    qualities = {each.strip() for each in given.get("qop", "").split(",")}
    if kind is None or "nonce" not in given or "realm" not in given or not qualities & {"auth", ""}:
        return None

    def digest(*parts: str) -> str:
        return hashlib.new(kind, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret = digest(login.name, given["realm"], login.password)
    target = digest(method, path)
    fields = {"username": login.name, "realm": given["realm"], "nonce": given["nonce"], "uri": path}
    bare = {}
    if "auth" in qualities:
        fields["cnonce"] = nonce
        bare = {"qop": "auth", "nc": "00000001"}
        fields["response"] = digest(secret, given["nonce"], "00000001", nonce, "auth", target)
    else:
        fields["response"] = digest(secret, given["nonce"], target)
    if "opaque" in given:
        fields["opaque"] = given["opaque"]
    quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
    return "Digest " + ", ".join(
        [*quoted, *(f"{name}={value}" for name, value in bare.items()), f"algorithm={algorithm}"]
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
