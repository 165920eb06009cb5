"""EventBridge's types: ``AWS::Events::*``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.errors import InvalidRequest, NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State, member, need
from eventyard.stacks.parameters import text
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical

_EVENTS = "events"
_BUS = {"EventBusName": "default"}


class _Bus(Kind):
    """``Policy`` is set by another operation than the rest."""

    def create(self, site: Site, wanted: Properties) -> Key:
        key = super().create(site, wanted)
        if "Policy" in wanted:
            _put_policy(site, key["Name"], wanted["Policy"])
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        super().change(site, key, _without(before, "Policy"), _without(wanted, "Policy"))
        if canonical(before.get("Policy")) != canonical(wanted.get("Policy")):
            _put_policy(site, key["Name"], wanted.get("Policy"))


class _BusPolicy(Kind):
    """One statement of the policy of a bus; the others stay as they are."""

    def known(self, site: Site) -> set[str]:
        return {"EventBusName", "StatementId", "Statement", "Action", "Principal", "Condition"}

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        return self._attributes(key) if (key := self.key_of(wanted)) else {}

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        found = next((each for each in self._statements(site, key) if each.get("Sid") == key["StatementId"]), None)
        if found is None:
            return None
        return State({**key, "Statement": _without(found, "Sid")}, self._attributes(key))

    def normal(self, properties: Properties) -> dict[str, Any]:
        """The short form with Action, Principal and Condition is a statement, too; its id is a property, and that it is
        about the bus needn't be said."""
        statement = _without(_statement(properties), "Sid")
        if str(statement.get("Resource")).endswith(f":event-bus/{properties.get('EventBusName', 'default')}"):
            del statement["Resource"]
        return super().normal({**_without(properties, *_SHORT), "Statement": statement})

    def create(self, site: Site, wanted: Properties) -> Key:
        key = self.key_of(wanted)
        assert key is not None, "a statement is known by its properties"
        self._put(site, key, wanted)
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        self._put(site, key, wanted)

    def _put(self, site: Site, key: Key, wanted: Properties) -> None:
        bus = site.call(_EVENTS, "DescribeEventBus", {"Name": key["EventBusName"]})
        statement = {"Resource": bus["Arn"], **_statement(wanted), "Sid": key["StatementId"]}
        others = [each for each in _statements(bus) if each.get("Sid") != key["StatementId"]]
        _put_policy(site, key["EventBusName"], {"Version": "2012-10-17", "Statement": [*others, statement]})

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name in self.key

    def _statements(self, site: Site, key: Key) -> list[dict[str, Any]]:
        try:
            return _statements(site.call(_EVENTS, "DescribeEventBus", {"Name": key["EventBusName"]}))
        except NotFound:
            return []

    @staticmethod
    def _attributes(key: Key) -> dict[str, Any]:
        return {"Ref": key["StatementId"]}


class _Rule(Kind):
    """A rule is there with all of its targets."""

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        found = super().foreseen(wanted)
        return {**found, "Ref": _rule_ref(key)} if (key := self.key_of(wanted)) else found

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        state = super().read(site, key, asked)
        if state is None:
            return None
        properties = {**state.properties, "Targets": self._targets(site, key)}
        if key["EventBusName"].startswith("arn:"):
            properties["EventBusName"] = key["EventBusName"]
        return State(properties, {**state.attributes, "Ref": _rule_ref(key)})

    def check(self, site: Site, given: Properties, place: Place) -> list[str]:
        found = super().check(site, given, place)
        targets = given.get("Targets", [])
        if not isinstance(targets, list) or not all(isinstance(each, Mapping) for each in targets):
            return [*found, "Targets is a list of objects with Id and Arn."]
        ids = [each.get("Id") for each in targets]
        return [*found, *(f"Two targets have the Id {each!r}." for each in {*ids} if ids.count(each) > 1)]

    def normal(self, properties: Properties) -> dict[str, Any]:
        """The order of targets says nothing; they are known by their ids."""
        found = super().normal(properties)
        if isinstance(targets := found.get("Targets"), list):
            found["Targets"] = {str(each.get("Id")): each for each in targets if isinstance(each, dict)}
        return found

    def create(self, site: Site, wanted: Properties) -> Key:
        key = super().create(site, _without(wanted, "Targets"))
        self._put_targets(site, key, wanted.get("Targets", []))
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        super().change(site, key, _without(before, "Targets"), _without(wanted, "Targets"))
        targets = wanted.get("Targets", [])
        ids = {each["Id"] for each in targets}
        old = [each["Id"] for each in self._targets(site, key) if each["Id"] not in ids]
        if old:
            _failed(site.call(_EVENTS, "RemoveTargets", {**_of_rule(key), "Ids": old}))
        self._put_targets(site, key, targets)

    def delete(self, site: Site, key: Key) -> None:
        with contextlib.suppress(NotFound):
            if ids := [each["Id"] for each in self._targets(site, key)]:
                site.call(_EVENTS, "RemoveTargets", {**_of_rule(key), "Ids": ids})
            super().delete(site, key)

    def _put_targets(self, site: Site, key: Key, targets: list[Any]) -> None:
        given = member(site, _EVENTS, "PutTargets", "Targets", targets)
        for first in range(0, len(given), 10):
            _failed(site.call(_EVENTS, "PutTargets", {**_of_rule(key), "Targets": given[first : first + 10]}))

    def _targets(self, site: Site, key: Key) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            answer = site.call(_EVENTS, "ListTargetsByRule", {**_of_rule(key), **more})
            found += answer.get("Targets", [])
            if not answer.get("NextToken"):
                return found
            more = {"NextToken": answer["NextToken"]}


_SHORT = ("Action", "Principal", "Condition", "Statement")


def _statement(properties: Properties) -> dict[str, Any]:
    if properties.get("Statement"):
        statement = properties["Statement"]
        return dict(statement) if isinstance(statement, Mapping) else msgspec.json.decode(text(statement), type=dict)
    who = str(need(properties, "Principal", "AWS::Events::EventBusPolicy"))
    found: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": who if who == "*" else {"AWS": f"arn:aws:iam::{who}:root"},
        "Action": properties.get("Action", "events:PutEvents"),
    }
    if condition := properties.get("Condition"):
        found["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return found


def _statements(bus: Mapping[str, Any]) -> list[dict[str, Any]]:
    policy = bus.get("Policy")
    found = msgspec.json.decode(policy).get("Statement", []) if policy else []
    return found if isinstance(found, list) else [found]


def _put_policy(site: Site, bus: str, policy: Any) -> None:
    if policy and canonical(policy).get("Statement") != []:
        site.call(_EVENTS, "PutPermission", {"EventBusName": bus, "Policy": text(policy)})
    else:
        site.call(_EVENTS, "RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True})


def _of_rule(key: Key) -> dict[str, str]:
    return {"Rule": key["Name"], "EventBusName": key["EventBusName"]}


def _rule_ref(key: Key) -> str:
    """The name; for another bus than the default one with that before it."""
    bus = key["EventBusName"].rpartition("/")[2]
    return key["Name"] if bus == "default" else f"{bus}|{key['Name']}"


def _failed(answer: Mapping[str, Any]) -> None:
    """Raises InvalidRequest if one of several targets was refused."""
    for each in answer.get("FailedEntries") or ():
        raise InvalidRequest(f"Target {each['TargetId']}: {each['ErrorMessage']}", each["ErrorCode"])


def _without(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


_SECRETS = (
    ("AuthParameters", "ApiKeyAuthParameters", "ApiKeyValue"),
    ("AuthParameters", "BasicAuthParameters", "Password"),
    ("AuthParameters", "OAuthParameters", "ClientParameters", "ClientSecret"),
    ("AuthParameters", "InvocationHttpParameters", "HeaderParameters", "*", "Value"),
    ("AuthParameters", "InvocationHttpParameters", "QueryStringParameters", "*", "Value"),
    ("AuthParameters", "InvocationHttpParameters", "BodyParameters", "*", "Value"),
    ("AuthParameters", "OAuthParameters", "OAuthHttpParameters", "HeaderParameters", "*", "Value"),
    ("AuthParameters", "OAuthParameters", "OAuthHttpParameters", "QueryStringParameters", "*", "Value"),
    ("AuthParameters", "OAuthParameters", "OAuthHttpParameters", "BodyParameters", "*", "Value"),
)

KINDS = (
    _Bus(
        "AWS::Events::EventBus",
        _EVENTS,
        create="CreateEventBus",
        read="DescribeEventBus",
        change="UpdateEventBus",
        delete="DeleteEventBus",
        key=("Name",),
        attributes={"Ref": "Name", "Arn": "Arn", "Name": "Name", "Policy": "Policy"},
        name="Name",
        longest=256,
        replace=("EventSourceName",),
        resets={"Description": "", "KmsKeyIdentifier": "", "DeadLetterConfig": {}, "Policy": None},
        more=("Policy",),
    ),
    _BusPolicy(
        "AWS::Events::EventBusPolicy",
        _EVENTS,
        create="PutPermission",
        read="DescribeEventBus",
        change="PutPermission",
        delete="RemovePermission",
        key=("EventBusName", "StatementId"),
        attributes={"Ref": "StatementId"},
        name="StatementId",
        defaults=_BUS,
    ),
    _Rule(
        "AWS::Events::Rule",
        _EVENTS,
        create="PutRule",
        read="DescribeRule",
        change="PutRule",
        delete="DeleteRule",
        key=("Name", "EventBusName"),
        attributes={"Ref": "Name", "Arn": "Arn"},
        name="Name",
        whole=True,
        defaults=_BUS,
        more=("Targets",),
        said={"State": "ENABLED", "Targets": []},
        entire=("Description", "EventPattern", "ScheduleExpression", "RoleArn"),
    ),
    Kind(
        "AWS::Events::Archive",
        _EVENTS,
        create="CreateArchive",
        read="DescribeArchive",
        change="UpdateArchive",
        delete="DeleteArchive",
        key=("ArchiveName",),
        attributes={"Ref": "ArchiveName", "Arn": "ArchiveArn"},
        name="ArchiveName",
        longest=48,
        replace=("SourceArn",),
        resets={"Description": "", "EventPattern": "", "RetentionDays": 0, "KmsKeyIdentifier": ""},
        rename={"SourceArn": "EventSourceArn"},
    ),
    Kind(
        "AWS::Events::Connection",
        _EVENTS,
        create="CreateConnection",
        read="DescribeConnection",
        change="UpdateConnection",
        delete="DeleteConnection",
        key=("Name",),
        attributes={"Ref": "Name", "Arn": "ConnectionArn", "SecretArn": "SecretArn"},
        name="Name",
        resets={"Description": ""},
        secret=_SECRETS,
        status="ConnectionState",
    ),
    Kind(
        "AWS::Events::ApiDestination",
        _EVENTS,
        create="CreateApiDestination",
        read="DescribeApiDestination",
        change="UpdateApiDestination",
        delete="DeleteApiDestination",
        key=("Name",),
        attributes={"Ref": "Name", "Arn": "ApiDestinationArn"},
        name="Name",
        resets={"Description": "", "InvocationRateLimitPerSecond": 300},
    ),
    Kind(
        "AWS::Events::Endpoint",
        _EVENTS,
        create="CreateEndpoint",
        read="DescribeEndpoint",
        change="UpdateEndpoint",
        delete="DeleteEndpoint",
        key=("Name",),
        attributes={
            "Ref": "Name",
            "Arn": "Arn",
            "EndpointId": "EndpointId",
            "EndpointUrl": "EndpointUrl",
            "State": "State",
        },
        name="Name",
        resets={"Description": ""},
    ),
)
