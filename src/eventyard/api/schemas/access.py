"""Which registry a request means, and whether the caller may do what it asks: with the registries of other accounts
only what their policies allow. Changes nothing.

A registry is named by its name or, which is the only way to name another account's, by its ARN.

Source: user guide, "Resource-based policies for Amazon EventBridge schemas".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.errors import Forbidden, InvalidRequest, NotFound
from eventyard.names import Arn
from eventyard.policy import Request, of_caller, parse_policy
from eventyard.schemas import Place, Registries, Registry, schema_arn
from eventyard.wire import Caller

#: What other accounts can be let do.
SHARED = frozenset({
    "DescribeRegistry", "UpdateRegistry", "DeleteRegistry", "ListSchemas", "SearchSchemas", "DescribeSchema",
    "CreateSchema", "DeleteSchema", "UpdateSchema", "ListSchemaVersions", "DeleteSchemaVersion", "DescribeCodeBinding",
    "GetCodeBindingSource", "PutCodeBinding",
})  # fmt: skip


class Access:
    """Decides by the policies that ``registries`` keep."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries

    def registry(self, caller: Caller, params: Mapping[str, Any], action: str) -> Registry:
        """The registry that RegistryName means. Raises NotFound, Forbidden."""
        text = params["RegistryName"]
        place, name = home(caller), text
        if text.startswith("arn:"):
            arn = Arn.parse(text)
            if arn is None or arn.service != "schemas" or not arn.resource.startswith("registry/"):
                raise InvalidRequest(f"RegistryName {text} is neither a name nor a registry's ARN.")
            place, name = Place(arn.account, arn.region), arn.resource.removeprefix("registry/")
        own = place.account == caller.account
        try:
            registry = self._registries.get(place, name)
        except NotFound:
            # Whether a registry of somebody else exists is not told to those who may not use it.
            if not own:
                raise _forbidden(caller, place.arn(f"registry/{name}"), action) from None
            raise
        needed = [registry.arn]
        if params.get("SchemaName"):
            needed.append(schema_arn(place, name, params["SchemaName"]))
        for resource in needed:
            decided = _decide(registry, caller, action, resource)
            if decided is False or (not own and (decided is None or action not in SHARED)):
                raise _forbidden(caller, resource, action)
        return registry


def home(caller: Caller) -> Place:
    return Place(caller.account, caller.region)


def _decide(registry: Registry, caller: Caller, action: str, resource: str) -> bool | None:
    """What the policy says: None if nothing."""
    if registry.policy is None:
        return None
    keys = of_caller(caller.account, caller.region, resource)
    decider = parse_policy(registry.policy).decide(Request((caller.account,), f"schemas:{action}", resource, keys))
    return None if decider is None else decider.allows


def _forbidden(caller: Caller, arn: str, action: str) -> Forbidden:
    return Forbidden(
        f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: schemas:{action} on resource: {arn} "
        f"because no resource-based policy allows the schemas:{action} action",
        "ForbiddenException",
    )
