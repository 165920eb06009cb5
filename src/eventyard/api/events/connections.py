"""Connections: how requests to API destinations are authorised. Secrets come in here and never go out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.clock import Clock
from eventyard.connections import API_KEY, BASIC, OAUTH, Connection, Connections, connection_arn
from eventyard.connections.resources import secret_arn
from eventyard.connections.secrets import MEMBER, merged
from eventyard.errors import InvalidRequest, Unsupported
from eventyard.targets.http.parameters import check_headers
from eventyard.targets.http.url import check_url
from eventyard.wire import Caller, Handler

#: What each type of authorisation needs, by path in its member of AuthParameters.
_NEEDED = {
    BASIC: (("Username",), ("Password",)),
    API_KEY: (("ApiKeyName",), ("ApiKeyValue",)),
    OAUTH: (
        ("ClientParameters", "ClientID"),
        ("ClientParameters", "ClientSecret"),
        ("AuthorizationEndpoint",),
        ("HttpMethod",),
    ),
}


class ConnectionOperations:
    """The operations on connections. ``plain``: the endpoints of their OAuth may be http."""

    def __init__(self, connections: Connections, clock: Clock, plain: bool) -> None:
        self._plain = plain
        self._connections = connections
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateConnection": self.create,
            "DeauthorizeConnection": self.deauthorize,
            "DeleteConnection": self.delete,
            "DescribeConnection": self.describe,
            "ListConnections": self.list,
            "UpdateConnection": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse_unsupported(params)
        kind, name = params["AuthorizationType"], params["Name"]
        parameters = _checked(kind, params["AuthParameters"], self._plain)
        now = self._clock.now()
        connection = Connection(
            arn=connection_arn(caller.account, caller.region, name, str(uuid.uuid4())),
            name=name,
            created=now,
            modified=now,
            kind=kind,
            state="",
            secret_arn=secret_arn(caller.account, caller.region, name, str(uuid.uuid4())),
            shown={},
            sealed=b"",
            description=params.get("Description"),
        )
        return _changed(await self._connections.create(connection, parameters), authorized=False)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """What is left out stays, within AuthParameters as well; another type of authorisation is given whole."""
        _refuse_unsupported(params)

        def change(known: Connection, old: dict[str, Any]) -> tuple[Connection, Mapping[str, Any] | None]:
            kind = params.get("AuthorizationType") or known.kind
            wanted = params.get("AuthParameters")
            if wanted is None and kind != known.kind:
                raise InvalidRequest("Parameter AuthParameters is required when the AuthorizationType changes.")
            news = msgspec.structs.replace(
                known,
                kind=kind,
                modified=self._clock.now(),
                description=known.description if params.get("Description") is None else params["Description"],
            )
            if wanted is None:
                return news, None
            kept = {name: value for name, value in old.items() if name in ("InvocationHttpParameters", MEMBER[kind])}
            return news, _checked(kind, merged(kept, wanted), self._plain)

        home = _home(caller)
        return _changed(await self._connections.update(home, params["Name"], change))

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._connections.find(_home(caller), params["Name"])
        return given(
            **_listed(found),
            Description=found.description,
            SecretArn=found.secret_arn,
            AuthParameters=found.shown,
        )

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix, state = params.get("NamePrefix") or "", params.get("ConnectionState")
        found = [
            one
            for one in self._connections.connections(_home(caller))
            if one.name.startswith(prefix) and state in (None, one.state)
        ]
        shown, token = page(found, lambda one: one.name, params, f"connections {prefix} {state}")
        return given(Connections=[_listed(one) for one in shown], NextToken=token)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """The answer shows the connection as it was (API reference, "DeleteConnection")."""
        return _changed(await self._connections.delete(_home(caller), params["Name"]))

    async def deauthorize(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _changed(await self._connections.deauthorize(_home(caller), params["Name"]))


def _home(caller: Caller) -> str:
    """What the ARNs of the caller's connections begin with."""
    return connection_arn(caller.account, caller.region, "", "").removesuffix("//")


def _refuse_unsupported(params: Mapping[str, Any]) -> None:
    private = (params.get("AuthParameters") or {}).get("ConnectivityParameters")
    if params.get("InvocationConnectivityParameters") is not None or private is not None:
        raise Unsupported("Connectivity parameters (private APIs behind VPC Lattice) are not supported by this server.")
    if params.get("KmsKeyIdentifier"):
        raise Unsupported("KmsKeyIdentifier is not supported by this server: secrets are encrypted with its own key.")


def _checked(kind: str, parameters: Mapping[str, Any], plain: bool) -> dict[str, Any]:
    """Whole AuthParameters, or InvalidRequest."""
    own = MEMBER[kind]
    for member in MEMBER.values():
        if member != own and parameters.get(member) is not None:
            raise InvalidRequest(
                f"Parameter AuthParameters is not valid. Reason: {member} can't be used with AuthorizationType {kind}."
            )
    for path in _NEEDED[kind]:
        value: Any = parameters.get(own)
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            raise InvalidRequest(
                f"Parameter AuthParameters is not valid. Reason: {own}.{'.'.join(path)} is required for "
                f"AuthorizationType {kind}."
            )
    if kind == API_KEY:
        name = parameters[own]["ApiKeyName"]
        if not all(letter.isalnum() or letter in "!#$%&'*+-.^_`|~" for letter in name) or not name.isascii():
            raise InvalidRequest("Parameter ApiKeyName is not valid. Reason: It is not the name of a header.")
        check_headers([name])
    if kind == OAUTH:
        check_url("AuthorizationEndpoint", parameters[own]["AuthorizationEndpoint"], False, plain)
        _check_extra(parameters[own].get("OAuthHttpParameters"))
    _check_extra(parameters.get("InvocationHttpParameters"))
    return {name: value for name, value in parameters.items() if value is not None}


def _check_extra(extra: Mapping[str, Any] | None) -> None:
    for member, each in ((member, each) for member, found in (extra or {}).items() for each in found or ()):
        if not each.get("Key") or each.get("Value") is None:
            raise InvalidRequest(f"Parameter {member} is not valid. Reason: Key and Value are required.")
    check_headers(each["Key"] for each in (extra or {}).get("HeaderParameters") or ())


def _changed(connection: Connection, authorized: bool = True) -> dict[str, Any]:
    """What changes are answered with; CreateConnection's answer has no LastAuthorizedTime."""
    return given(
        ConnectionArn=connection.arn,
        ConnectionState=connection.state,
        CreationTime=connection.created / 1000,
        LastModifiedTime=connection.modified / 1000,
        LastAuthorizedTime=connection.authorized / 1000 if authorized and connection.authorized else None,
    )


def _listed(connection: Connection) -> dict[str, Any]:
    return given(
        **_changed(connection),
        Name=connection.name,
        AuthorizationType=connection.kind,
        StateReason=connection.reason,
    )
