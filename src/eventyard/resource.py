"""What a stack is made of: resources in CloudFormation's types and properties (docs/decisions, number 20).

Readers of templates make stacks, and who applies them takes them; neither knows the other. What a reader has to say of
its file is a :class:`eventyard.contract.Finding`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from eventyard.contract.finding import Place


class Reference(msgspec.Struct, frozen=True):
    """An attribute of another resource, known once that exists. ``attribute``: what ``Fn::GetAtt`` takes for the type
    (``Arn``), or ``Ref`` for what ``Ref`` returns."""

    resource: str
    attribute: str


class Join(msgspec.Struct, frozen=True):
    """A string that some of its parts are only known later of (``Fn::Sub``, ``Fn::Join``)."""

    parts: tuple[str | Reference, ...]


class Resource(msgspec.Struct, frozen=True):
    """``id``: the logical id, unique in its stack. ``type``: ``AWS::Events::Rule``. ``properties``: as CloudFormation
    documents them for the type, made of JSON's values, :class:`Reference` and :class:`Join`. ``after``: ids of what
    must be there before (``DependsOn``); references count as such anyway. ``keep``: it stays when its stack no longer
    wants it (``DeletionPolicy: Retain``). ``keep_replaced``: the old one stays when another takes its place
    (``UpdateReplacePolicy: Retain``). ``place``: the file, line and column that ask for it."""

    id: str
    type: str
    properties: Mapping[str, object]
    place: Place
    after: tuple[str, ...] = ()
    keep: bool = False
    keep_replaced: bool = False


class Stack(msgspec.Struct, frozen=True):
    """All that one or more files ask for. ``outputs``: what to show after it was applied, by name."""

    name: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, object] = {}


def references(value: object) -> Iterator[Reference]:
    """All that ``value``, a property or a part of one, refers to."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Join):
        yield from (part for part in value.parts if isinstance(part, Reference))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from references(each)
