"""Amazon resource names (ARNs): taking them apart and putting them together. Knows no resource's state."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

DEFAULT_BUS = "default"
_QUEUE = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_FIFO_QUEUE = re.compile(r"[A-Za-z0-9_\-]{1,75}\.fifo")


class Arn(msgspec.Struct, frozen=True):
    """``arn:partition:service:region:account:resource`` (AWS General Reference, "Amazon Resource Names")."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = "aws"

    @staticmethod
    @lru_cache(maxsize=8192)  # asked for the same few at each event
    def parse(text: str) -> Arn | None:
        """The parts of ``text``; None if it is not an ARN."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[1].startswith("aws") or not parts[2] or not parts[5]:
            return None
        return Arn(partition=parts[1], service=parts[2], region=parts[3], account=parts[4], resource=parts[5])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def bus_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:event-bus/{name}"


def bus_name(arn: str) -> str:
    """The name inside a bus's ARN (it may hold slashes, as a partner bus's does)."""
    return arn.split(":event-bus/", 1)[1]


def rule_arn(bus: str, rule: str) -> str:
    """The ARN of ``rule`` on the bus with ARN ``bus``; the default bus is left out of it, as AWS does."""
    head, name = bus.split(":event-bus/", 1)
    return f"{head}:rule/{rule}" if name == DEFAULT_BUS else f"{head}:rule/{name}/{rule}"


def rule_place(arn: str) -> tuple[str, str] | None:
    """The bus's ARN and the rule's name in a rule's ARN, ``...:rule/[BUS/]NAME``, where BUS may hold slashes."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "events" or not parsed.resource.startswith("rule/"):
        return None
    bus, _, name = parsed.resource.removeprefix("rule/").rpartition("/")
    return bus_arn(parsed.account, parsed.region, bus or DEFAULT_BUS), name


def is_queue_name(name: str, fifo: bool) -> bool:
    """Whether a queue can have this name (SQS API reference, CreateQueue)."""
    return (_FIFO_QUEUE if fifo else _QUEUE).fullmatch(name) is not None


def queue_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"
