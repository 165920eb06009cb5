"""What of a connection's AuthParameters is secret, what is shown, and what delivery gets. AWS's spellings end here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.connections.resources import API_KEY, BASIC, OAUTH
from eventyard.destination import Access, ApiKey, Authorization, Basic, Extra, OAuth

#: The member of AuthParameters that each type of authorisation needs.
MEMBER = {BASIC: "BasicAuthParameters", API_KEY: "ApiKeyAuthParameters", OAUTH: "OAuthParameters"}
_SECRET = frozenset({"Password", "ApiKeyValue", "ClientSecret"})


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``old`` with the members that ``new`` gives; structures are merged, lists replaced."""
    result = dict(old)
    for name, value in new.items():
        known = result.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            result[name] = merged(known, value)
        elif value is not None:
            result[name] = value
    return result


def shown(value: Any) -> Any:
    """``value`` without its secrets."""
    if isinstance(value, Mapping):
        hidden = value.get("IsValueSecret") is True
        return {
            name: shown(each)
            for name, each in value.items()
            if each is not None and name not in _SECRET and not (hidden and name == "Value")
        }
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value


def access_of(connection: str, version: int, kind: str, parameters: Mapping[str, Any]) -> Access:
    """What delivery needs of whole AuthParameters."""
    return Access(
        connection,
        version,
        _authorization(kind, parameters[MEMBER[kind]]),
        _extra(parameters.get("InvocationHttpParameters")),
        tuple(sorted(set(_secrets(parameters)), key=len, reverse=True)),
    )


def _authorization(kind: str, given: Mapping[str, Any]) -> Authorization:
    if kind == BASIC:
        return Basic(given["Username"], given["Password"])
    if kind == API_KEY:
        return ApiKey(given["ApiKeyName"], given["ApiKeyValue"])
    client = given["ClientParameters"]
    return OAuth(
        client["ClientID"],
        client["ClientSecret"],
        given["AuthorizationEndpoint"],
        given["HttpMethod"],
        _extra(given.get("OAuthHttpParameters")),
    )


def _extra(given: Mapping[str, Any] | None) -> Extra:
    def pairs(member: str) -> tuple[tuple[str, str], ...]:
        found = (given or {}).get(member) or ()
        return tuple((each.get("Key") or "", each.get("Value") or "") for each in found)

    return Extra(pairs("HeaderParameters"), pairs("QueryStringParameters"), pairs("BodyParameters"))


def _secrets(value: Any) -> list[str]:
    if isinstance(value, list):
        return [secret for each in value for secret in _secrets(each)]
    if not isinstance(value, Mapping):
        return []
    hidden = value.get("IsValueSecret") is True
    found: list[str] = []
    for name, each in value.items():
        if isinstance(each, str) and (name in _SECRET or (hidden and name == "Value")):
            found.append(each)
        else:
            found.extend(_secrets(each))
    return [secret for secret in found if secret]
