"""Operations of AWS's APIs as the targets of schedules: each delivery is one call, for the schedule's account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from eventyard.errors import Broken, EventyardError, TryAgain
from eventyard.names import Arn
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

Call = Callable[[str, str, str, str, str], Awaitable[None]]
"""``call(name, account, region, id, input)``, where ``name`` is ``sqs:sendMessage``."""

#: What the ARNs of universal targets have in front of service and action.
UNIVERSAL = "aws-sdk:"


class OperationTarget:
    """The operation in ``arn``, ``arn:aws:scheduler:::aws-sdk:sqs:sendMessage``. A payload is the call's input."""

    batch_size = 1
    place = None

    def __init__(self, call: Call, arn: str) -> None:
        parsed = Arn.parse(arn)
        self._call = call
        self._name = "" if parsed is None else parsed.resource.removeprefix(UNIVERSAL)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """What fails for want of room is tried again; a refusal would be the same the next time."""
        return [await self._one(item) for item in batch]

    async def _one(self, item: Delivery) -> Outcome:
        schedule = Arn.parse(item.rule)
        account, region = ("", "") if schedule is None else (schedule.account, schedule.region)
        try:
            await self._call(self._name, account, region, item.event_id, item.payload.decode())
        except (TryAgain, Broken) as error:
            return Retry(error.code, error.message)
        except EventyardError as error:
            return Permanent(error.code, error.message)
        return DELIVERED
