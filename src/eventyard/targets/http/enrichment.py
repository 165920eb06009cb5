"""An API destination as the enrichment of a pipe: what it answers takes the place of what it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.errors import InvalidRequest, TryAgain
from eventyard.target import Delivered, Delivery, Permanent
from eventyard.targets.http.answer import BODY, Answer
from eventyard.targets.http.courier import Courier
from eventyard.targets.http.parameters import Parameters


class HttpEnrichment:
    """The API destination with ``arn``. ``parameters``: the pipe's HttpParameters."""

    def __init__(self, courier: Courier, arn: str, parameters: Mapping[str, Any]) -> None:
        self._courier = courier
        self._arn = arn
        self._parameters = Parameters.compile(parameters)

    async def __call__(self, payloads: Sequence[bytes]) -> list[bytes]:
        """What is answered to each. Raises InvalidRequest for what is refused for good or too long, else TryAgain."""
        answers: dict[str, bytes] = {}

        def heard(item: Delivery, answer: Answer) -> None:
            answers[item.event_id] = answer.body

        batch = [Delivery(str(n), payload, None, payload) for n, payload in enumerate(payloads)]
        size = self._courier.batch_size(self._arn)
        for start in range(0, len(batch), size):
            part = batch[start : start + size]
            for outcome in await self._courier.deliver(self._arn, self._parameters, part, heard):
                if isinstance(outcome, Permanent):
                    raise InvalidRequest(f"The enrichment failed: {outcome.message}", outcome.code)
                if not isinstance(outcome, Delivered):
                    raise TryAgain(f"The enrichment failed: {outcome.message}", outcome.code)
        found = [answers.get(item.event_id, b"") for item in batch]
        if any(len(body) >= BODY for body in found):
            raise InvalidRequest(f"The enrichment answered more than the {BODY} bytes that are read.", "TOO_LONG")
        if not all(_is_text(body) for body in found):
            raise InvalidRequest("The enrichment answered what is not UTF-8.", "NOT_TEXT")
        return [body for body in found if body.strip()]


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
