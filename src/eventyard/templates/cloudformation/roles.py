"""AWS::IAM::*: roles and policies are resources like others. The rest, and the roles that SAM and Serverless Framework
add by themselves, are left out, as there are no identities here, but referred to by what is not."""

from __future__ import annotations

from collections.abc import Mapping

from eventyard.templates.scope import Scope
from eventyard.templates.tree import Fields, Node, Scalar
from eventyard.templates.types import types

IAM = "AWS::IAM::"
#: Beginnings of types that are left out with a warning. What the CDK says of itself is one.
LEFT_OUT = (IAM, "AWS::CDK::Metadata")
_KINDS = {
    "Role": "role",
    "User": "user",
    "Group": "group",
    "ManagedPolicy": "policy",
    "InstanceProfile": "instance-profile",
}
_NAMES = ("RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")


def attributes(name: str, kind: str, properties: Node | None, scope: Scope) -> Mapping[str, str] | None:
    """What ``Ref`` and ``Fn::GetAtt`` say of a resource of IAM, as if it were there; None for types that are read."""
    if not kind.startswith(LEFT_OUT) or kind in types():
        return None
    given = [properties.get(one) for one in _NAMES] if isinstance(properties, Fields) else []
    known = next((one.value for one in given if isinstance(one, Scalar) and isinstance(one.value, str)), None)
    return stand_in(known or f"{scope.where.stack}-{name}", kind.removeprefix(IAM), scope)


def stand_in(name: str, kind: str, scope: Scope) -> Mapping[str, str]:
    arn = f"arn:{scope.where.partition}:iam::{scope.where.account}:{_KINDS.get(kind, 'policy')}/{name}"
    by_arn = kind == "ManagedPolicy"
    return {"Ref": arn if by_arn else name, "Arn": arn, **({"PolicyArn": arn} if by_arn else {})}
