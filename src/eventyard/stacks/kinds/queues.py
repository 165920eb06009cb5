"""SQS's types: ``AWS::SQS::*``."""

from __future__ import annotations

from typing import Any

from eventyard.contract.finding import Place
from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties, fit
from eventyard.stacks.kinds.policies import PolicyKind
from eventyard.stacks.parameters import text
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical

_SQS = "sqs"
#: Attributes by property, with what they are without being said ("" removes).
_ATTRIBUTES: dict[str, Any] = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 1_048_576,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
    "RedrivePolicy": "",
    "RedriveAllowPolicy": "",
    "KmsMasterKeyId": "",
    "KmsDataKeyReusePeriodSeconds": 300,
    "SqsManagedSseEnabled": True,
    "ContentBasedDeduplication": False,
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")


class _Queue(Kind):
    def known(self, site: Site) -> set[str]:
        return {"QueueName", "FifoQueue", "Tags", *_ATTRIBUTES}

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        if "QueueName" in given:
            return dict(given)
        fifo = canonical(given.get("FifoQueue")) == "true"
        name = f"{fit(f'{stack}-{id}', 75)}.fifo" if fifo else fit(f"{stack}-{id}", 80)
        return {"QueueName": name, **given}

    def key_of(self, wanted: Properties) -> Key | None:
        return None

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        return {"QueueName": wanted["QueueName"]} if isinstance(wanted.get("QueueName"), str) else {}

    def find(self, site: Site, wanted: Properties) -> Key | None:
        if not isinstance(wanted.get("QueueName"), str):
            return None
        try:
            return {"QueueUrl": site.call(_SQS, "GetQueueUrl", {"QueueName": wanted["QueueName"]})["QueueUrl"]}
        except NotFound:
            return None

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        found = site.call(_SQS, "GetQueueAttributes", {**key, "AttributeNames": ["All"]})["Attributes"]
        return {**found, "QueueName": found["QueueArn"].rpartition(":")[2], "Arn": found["QueueArn"]}

    def create(self, site: Site, wanted: Properties) -> Key:
        given = {name: text(wanted[name]) for name in _ATTRIBUTES if name in wanted}
        if canonical(wanted.get("FifoQueue")) == "true":
            given["FifoQueue"] = "true"
        asked: dict[str, Any] = {"QueueName": str(wanted["QueueName"]), "Attributes": given}
        if tags := canonical(wanted.get("Tags")):
            asked["tags"] = tags
        return {"QueueUrl": site.call(_SQS, "CreateQueue", asked)["QueueUrl"]}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        fifo = canonical(wanted.get("FifoQueue")) == "true"
        given = {
            name: text(wanted.get(name, usual))
            for name, usual in _ATTRIBUTES.items()
            if canonical(before.get(name)) != canonical(wanted.get(name)) and (fifo or name not in _FIFO_ONLY)
        }
        if given:
            site.call(_SQS, "SetQueueAttributes", {**key, "Attributes": given})
        self.tag(site, key, before, wanted)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name in ("QueueName", "FifoQueue")


def _policy(site: Site, queue: str) -> str:
    answer = site.call(_SQS, "GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["Policy"]})
    return str(answer.get("Attributes", {}).get("Policy", ""))


def _put_policy(site: Site, queue: str, policy: str) -> None:
    site.call(_SQS, "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": policy}})


KINDS = (
    _Queue(
        "AWS::SQS::Queue",
        _SQS,
        create="CreateQueue",
        read="GetQueueAttributes",
        change="SetQueueAttributes",
        delete="DeleteQueue",
        key=("QueueUrl",),
        attributes={"Ref": "QueueUrl", "Arn": "Arn", "QueueName": "QueueName", "QueueUrl": "QueueUrl"},
        tagged="QueueUrl",
        resets=_ATTRIBUTES,
    ),
    PolicyKind("AWS::SQS::QueuePolicy", _SQS, "Queues", _policy, _put_policy),
    PolicyKind("AWS::SQS::QueueInlinePolicy", _SQS, "Queue", _policy, _put_policy),
)
