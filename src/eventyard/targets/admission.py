"""Whether a queue, a topic or a function takes what this server brings: its policy says it. Keeps no policies.

Sources: EventBridge user guide, "Using resource-based policies for Amazon EventBridge" (``events.amazonaws.com`` comes
with the rule as ``aws:SourceArn``), "Sending events to an AWS service in another account" (a target with a role is
reached as that role) and "Using dead-letter queues"; SNS developer guide, "Sending messages to a queue in a different
account"; IAM user guide, "Policy evaluation logic". AWS wants the policy's leave in the same account, too; here what is
in one account may deliver in it unless the policy denies it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn
from eventyard.policy import DELIVERY, Request, at_time, denies, of_caller, of_members, of_service, parse_policy

Admit = Callable[[str, str], None]
"""``admit(arn, source)`` raises Forbidden if what has the ARN ``source`` (a rule, say) may not deliver to ``arn``, and
NotFound where nothing is."""


class Admission:
    """An Admit. ``policies``: the policy's text at an ARN, or None; raises NotFound. ``role``: the ARN of the role that
    a source delivers to an ARN with, if any. ``organizations``: id by account."""

    def __init__(
        self,
        actions: Iterable[str],
        policies: Callable[[str], str | None],
        role: Callable[[str, str], str | None],
        clock: Clock,
        organizations: Mapping[str, str] | None = None,
    ) -> None:
        self._actions = {action.partition(":")[0].lower(): action for action in actions}
        self._policies = policies
        self._role = role
        self._clock = clock
        self._organizations = organizations or {}

    def __call__(self, arn: str, source: str) -> None:
        sender, owner = Arn.parse(source), Arn.parse(arn)
        if sender is None or owner is None:
            return
        text, own = self._policies(arn), sender.account == owner.account
        if own and (not text or not denies(text)):
            return
        role, action = self._role(source, arn), self._actions[owner.service]
        if sender.service == "sns":
            source = source.rpartition(":")[0]  # of a subscription the topic
        who = role or f"{sender.service}.amazonaws.com"
        asking: tuple[str, ...] = (who,) if role is None else (sender.account, role)
        if role is None:
            keys = of_service(who, source, arn)
        else:
            keys = {**of_caller(sender.account, owner.region, arn, role), "aws:securetransport": "true"}
        explicit = False
        if text:
            member = of_members(self._organizations, sender.account if role else "", arn, "" if role else source)
            request = Request(asking, action, arn, {**keys, **member, **at_time(self._clock.now())})
            try:
                decider = parse_policy(text, DELIVERY, lenient=True).decide(request)
            except InvalidRequest as error:
                raise Forbidden(f"{who} can't be let in to {arn}: {error.message}") from error
            if decider is not None and decider.allows:
                return
            explicit = decider is not None
            if own and not explicit:
                return
        reason = (
            "with an explicit deny in a resource-based policy"
            if explicit
            else f"because no resource-based policy allows the {action} action"
        )
        raise Forbidden(f"{who} is not authorized to perform: {action} on resource: {arn} for {source} {reason}")
