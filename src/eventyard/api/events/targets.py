"""Targets of rules: put, remove and list. What can't work is refused when it is put, not when an event comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from eventyard.api.events.buses import dead_letter_arn
from eventyard.api.events.limits import Limits
from eventyard.api.events.managed import RuleBook, refuse_managed
from eventyard.api.events.pages import page
from eventyard.api.events.place import bus_of, given
from eventyard.bus.directory import Directory
from eventyard.bus.resources import TargetSpec
from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.targets.catalogue import kind_of
from eventyard.targets.http import check_parameters
from eventyard.transform import compile_transform
from eventyard.transform.path import parse_path
from eventyard.wire import Caller, Handler

Supported = Callable[[str], bool]
"""Whether this server can deliver to an ARN."""
Elsewhere = Callable[[str, str], bool]
"""``elsewhere(owner, arn)``: whether the account ``owner`` declared that of ``arn`` to be elsewhere, where it can be
delivered to."""

#: What all targets have in common; the other members belong to some kind of target and are kept as they came.
_COMMON = frozenset(
    {"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy"}
)
#: Services for which AWS requires a role (user guide, "IAM roles for sending events to targets").
_ROLE_NEEDED = frozenset({"batch", "codebuild", "codepipeline", "ecs", "firehose", "kinesis", "states"})

#: A bus in PutTargets; the pattern is that of EventBusArn in the service's model.
_BUS = re.compile(r"arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus/[/.\-_A-Za-z0-9]+", re.ASCII)

#: The template of a target that is a log group, as the AWS CDK's documentation of CloudWatchLogGroup has it.
_LOG_EVENT = re.compile(r'\s*\{\s*"timestamp"\s*:.+,\s*"message"\s*:.+\}\s*', re.DOTALL)

_OWN_ONLY = frozenset({"events", "firehose", "kinesis", "logs"})
#: Those that may be another account's.
_REGIONAL = frozenset({"lambda", "sns", "sqs"})


class Targets:
    """The operations on targets."""

    def __init__(
        self, directory: Directory, book: RuleBook, limits: Limits, supported: Supported, elsewhere: Elsewhere
    ) -> None:
        self._directory = directory
        self._book = book
        self._limits = limits
        self._supported = supported
        self._elsewhere = elsewhere

    def operations(self) -> dict[str, Handler]:
        return {
            "ListTargetsByRule": self.list,
            "PutTargets": self.put,
            "RemoveTargets": self.remove,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, name = bus_of(caller, params), params["Rule"]
        refuse_managed(self._book.find(bus, name))
        specs = [self._with_role(bus, name, self._checked(bus, target)) for target in params["Targets"]]
        await self._directory.put_targets(bus, name, specs, most=self._limits.targets_per_rule)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _with_role(self, bus: str, name: str, spec: TargetSpec) -> TargetSpec:
        """A target that is another account's bus keeps its role when it is put without one, as AWS documents."""
        if spec.role_arn is not None or _owner(spec.arn) == _owner(bus) or not _is_bus(spec.arn):
            return spec
        before = (old for old in self._directory.targets(bus, name) if (old.id, old.arn) == (spec.id, spec.arn))
        return msgspec.structs.replace(spec, role_arn=next((old.role_arn for old in before), None))

    async def remove(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, name = bus_of(caller, params), params["Rule"]
        refuse_managed(self._book.find(bus, name), params.get("Force"))
        await self._directory.remove_targets(bus, name, params["Ids"])
        return {"FailedEntryCount": 0, "FailedEntries": []}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, name = bus_of(caller, params), params["Rule"]
        self._book.find(bus, name)
        targets = sorted(self._book.targets(bus, name), key=lambda target: target.id)
        shown, token = page(targets, lambda target: target.id, params, f"targets {bus} {name}")
        return given(Targets=[_described(target) for target in shown], NextToken=token)

    def _checked(self, bus: str, target: dict[str, Any]) -> TargetSpec:
        """The specification in ``target``. Raises InvalidRequest if it can't work."""
        text = target["Arn"]
        arn = Arn.parse(text)
        if arn is None:
            raise InvalidRequest(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
        elsewhere, kind = self._elsewhere(_owner(bus) or "", text), kind_of(text)
        if (kind is not None and kind.action) or not (elsewhere or self._supported(text)):
            what = f"a target of {arn.service}" if kind is None else kind.title
            raise InvalidRequest(f"Parameter {text} is not valid. Reason: This server can't deliver to {what}.")
        if not elsewhere:
            _check_home(bus, arn, text)
        _check_kind(arn, text, target)
        if text == bus:
            raise InvalidRequest(f"Parameter {text} is not valid. Reason: A rule can't send events to its own bus.")
        transformer = target.get("InputTransformer") or {}
        retry = target.get("RetryPolicy") or {}
        spec = TargetSpec(
            id=target["Id"],
            arn=text,
            role_arn=target.get("RoleArn"),
            input=target.get("Input"),
            input_path=target.get("InputPath"),
            input_paths=transformer.get("InputPathsMap"),
            input_template=transformer.get("InputTemplate"),
            parameters={name: value for name, value in target.items() if name not in _COMMON and value is not None},
            dead_letter_arn=dead_letter_arn(target),
            max_attempts=retry.get("MaximumRetryAttempts"),
            max_age=retry.get("MaximumEventAgeInSeconds"),
        )
        compile_transform(
            spec.id,
            input=spec.input,
            input_path=spec.input_path,
            paths=spec.input_paths,
            template=spec.input_template,
        )
        return spec


def _check_home(bus: str, arn: Arn, text: str) -> None:
    """Another account's streams, and the credentials of its API destinations, are not for whoever knows an ARN: on
    AWS a role or policy there would have to allow it, and this server has no such roles. Raises InvalidRequest."""
    home = Arn.parse(bus)
    if _is_bus(text):  # its policy says who may send to it
        return
    # User guide, "Sending events to an AWS service in another account": "in the same Region"; only buses cross it.
    if arn.service in _REGIONAL and home is not None and arn.region != home.region:
        raise InvalidRequest(
            f"Parameter {text} is not valid. Reason: Only an event bus can be a target in another Region."
        )
    if arn.service in _OWN_ONLY and home is not None and (arn.account, arn.region) != (home.account, home.region):
        raise InvalidRequest(
            f"Parameter {text} is not valid. Reason: This server delivers to {arn.service} only in the account and "
            "region of the event bus."
        )


def _check_kind(arn: Arn, text: str, target: dict[str, Any]) -> None:
    """What some kinds of targets need. Raises InvalidRequest."""
    if _is_bus(text):
        _check_bus(arn, text, target)
    fifo = arn.service == "sqs" and arn.resource.endswith(".fifo")
    if fifo and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise InvalidRequest(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")
    if arn.service == "sns" and arn.resource.endswith(".fifo"):  # a rule could give its messages no group
        raise InvalidRequest(f"Parameter {text} is not valid. Reason: FIFO topics can't be targets of rules.")
    if arn.service == "logs" and kind_of(text) is None:
        raise InvalidRequest(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
    template = (target.get("InputTransformer") or {}).get("InputTemplate")
    if arn.service == "logs" and template is not None and not _LOG_EVENT.fullmatch(template):
        raise InvalidRequest(
            f"Parameter {text} is not valid. Reason: The InputTemplate for a log group must have the form "
            '{"timestamp": <timestamp>, "message": <message>}.'
        )
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    if path is not None:
        parse_path(path)
    if arn.service == "events" and arn.resource.startswith("api-destination/"):
        check_parameters(target.get("HttpParameters") or {})
    role_needed = arn.service in _ROLE_NEEDED or (
        arn.service == "events" and arn.resource.startswith("api-destination/")
    )
    if role_needed and not target.get("RoleArn"):
        raise InvalidRequest(f"RoleArn is required for target {text}.")


def _check_bus(arn: Arn, text: str, target: dict[str, Any]) -> None:
    """What another bus can't be given. Raises InvalidRequest."""
    name = arn.resource.removeprefix("event-bus/")
    if not _BUS.fullmatch(text):
        raise InvalidRequest(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
    if name.startswith("aws.partner/"):
        raise InvalidRequest(f"Parameter {text} is not valid. Reason: Only its partner sends events to a partner bus.")
    # PutTargets: "not available ... if the target is an event bus of a different account". In the same account what
    # came out would have to be an event again, which AWS documents nothing of.
    for member in ("Input", "InputPath", "InputTransformer"):
        if target.get(member) is not None:
            raise InvalidRequest(
                f"Parameter {member} is not valid. Reason: {member} is not available for a target that is an event bus."
            )


def _is_bus(arn: str) -> bool:
    return ":event-bus/" in arn


def _owner(text: str) -> str | None:
    arn = Arn.parse(text)
    return None if arn is None else arn.account


def _described(target: TargetSpec) -> dict[str, Any]:
    return {
        **given(
            Id=target.id,
            Arn=target.arn,
            RoleArn=target.role_arn,
            Input=target.input,
            InputPath=target.input_path,
            InputTransformer=given(InputPathsMap=target.input_paths, InputTemplate=target.input_template) or None,
            DeadLetterConfig={"Arn": target.dead_letter_arn} if target.dead_letter_arn else None,
            RetryPolicy=given(MaximumRetryAttempts=target.max_attempts, MaximumEventAgeInSeconds=target.max_age)
            or None,
        ),
        **target.parameters,
    }
