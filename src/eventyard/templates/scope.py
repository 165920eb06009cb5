"""What the names in a template stand for: parameters, pseudo parameters, mappings and resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from eventyard.contract.finding import Place
from eventyard.templates.findings import Findings
from eventyard.templates.tree import Fields, Node, Scalar, scalar
from eventyard.templates.types import types

NO_VALUE = "AWS::NoValue"
PSEUDO = (
    *("AWS::AccountId", "AWS::NotificationARNs", NO_VALUE, "AWS::Partition", "AWS::Region"),
    *("AWS::StackId", "AWS::StackName", "AWS::URLSuffix"),
)


class Where(msgspec.Struct, frozen=True):
    """What a stack is read for: its name, the account and region it goes to, and who applies it may say in addition.
    ``parameters``: values of parameters by name; of ``Fn::ImportValue`` by the name of the export."""

    stack: str
    account: str = "000000000000"
    region: str = "us-east-1"
    parameters: Mapping[str, str] = {}

    @property
    def partition(self) -> str:
        """General reference, "Amazon Resource Names": which partition a region is in."""
        starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((one for start, one in starts.items() if self.region.startswith(start)), "aws")

    def pseudo(self, name: str) -> str | None:
        """CloudFormation user guide, "Pseudo parameters reference"; None for one without a value here."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        arn = f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/{self.stack}/eventyard"
        return {
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackId": arn,
            "AWS::StackName": self.stack,
            "AWS::URLSuffix": suffix,
        }.get(name)


class Head(msgspec.Struct, frozen=True):
    """What is known of a resource before its properties are read. ``wanted``: False where its condition leaves it
    out. ``attributes``: the values of what is not created but may be referred to (roles); ``Ref`` among them."""

    type: str
    place: Place
    wanted: bool = True
    attributes: Mapping[str, str] | None = None


class Scope(msgspec.Struct):
    where: Where
    findings: Findings
    parameters: dict[str, Node] = {}
    mappings: Fields | None = None
    heads: dict[str, Head] = {}
    #: Answers whether a condition holds; None, with a finding, where that can't be said.
    condition: Callable[[str, Place], bool | None] = lambda name, place: None
    #: Whether ``AWS::LanguageExtensions`` is among the transforms.
    extended: bool = False
    #: Parameters and exports that were asked for.
    used: set[str] = set()
    #: Parameters whose values can't be had here, and why; a finding where they are asked for.
    unavailable: dict[str, str] = {}

    def names(self) -> list[str]:
        return [*self.parameters, *self.heads, *PSEUDO]

    def attributes(self, head: Head) -> tuple[str, ...] | None:
        """What ``Fn::GetAtt`` takes; None for a type that is not known, which was found already."""
        if head.attributes is not None:
            return tuple(name for name in head.attributes if name != "Ref")
        known = types().get(head.type)
        return known.attributes if known else None

    def pseudo(self, name: str, place: Place) -> Scalar | None:
        value = self.where.pseudo(name)
        return None if value is None else scalar(value, place)
