"""IAM's types, which Eventyard keeps nothing of: templates say them because AWS wants them."""

from __future__ import annotations

from typing import Any

from eventyard.errors import Unsupported
from eventyard.stacks.kind import Key, Kind, Properties, State
from eventyard.stacks.site import Site

_NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "PolicyName",
}
_PATHS = {"AWS::IAM::Role": "role", "AWS::IAM::ManagedPolicy": "policy"}


class NothingKind(Kind):
    """A resource that is accepted, and that nothing is made of but an ARN for others to refer to. A finding says so
    (:attr:`warning`); where the site is AWS it is refused, because there it would be missed."""

    warning = "Eventyard keeps no roles or policies of IAM: nothing is made of this but an ARN to refer to."

    def __init__(self, type: str) -> None:
        super().__init__(
            type, "iam", create="", read="", delete="", key=("Name",), attributes={"Ref": "Ref", "Arn": "Arn"},
            name=_NAMES[type], rename={_NAMES[type]: "Name"},
        )  # fmt: skip

    def known(self, site: Site) -> set[str]:
        if site.real:
            raise Unsupported(f"{self.type} isn't applied to AWS; make it there and give its ARN.")
        return {
            _NAMES[self.type], "Path", "Policies", "Tags", "Description", "AssumeRolePolicyDocument", "PolicyDocument",
            "ManagedPolicyArns", "MaxSessionDuration", "PermissionsBoundary", "Groups", "Roles", "Users",
        }  # fmt: skip

    def find(self, site: Site, wanted: Properties) -> Key | None:
        return None

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        where = _PATHS.get(self.type, "policy")
        arn = f"arn:aws:iam::{site.account}:{where}/{key['Name']}"
        ref = arn if self.type == "AWS::IAM::ManagedPolicy" else key["Name"]
        attributes = {"Ref": ref, "Arn": arn, "PolicyArn": arn, "RoleId": key["Name"], "Id": key["Name"]}
        return State({_NAMES[self.type]: key["Name"]}, attributes)

    def normal(self, properties: Properties) -> dict[str, Any]:
        """Nothing but the name has an effect, so nothing else is a change."""
        name = _NAMES[self.type]
        return super().normal({name: properties[name]} if name in properties else {})

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        return {}

    def create(self, site: Site, wanted: Properties) -> Key:
        return {"Name": str(wanted[_NAMES[self.type]])}

    def delete(self, site: Site, key: Key) -> None:
        return None


KINDS = tuple(NothingKind(type) for type in _NAMES)
