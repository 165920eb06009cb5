"""The pages on targets outside: which there are, made, shown without credentials, tried, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from eventyard.api.answers import answer, home_of, may_see, read_object, routes
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest
from eventyard.event import envelope, iso_seconds, new_ids
from eventyard.outside import EitherTarget, Named, Outside, OutsideTarget, account_of, target_arn
from eventyard.target import Delivery, Permanent, Retry
from eventyard.wire import HttpRequest, HttpResponse, Route

_PAGE = "/_eventyard/targets"
_TEST = "/test"


class OutsidePages:
    """What the pages speak of. Everybody sees and changes their own account's; without signatures, all."""

    def __init__(self, outside: Outside, clock: Clock) -> None:
        self._outside = outside
        self._clock = clock

    def routes(self) -> list[Route]:
        return routes(
            ("GET", _PAGE, self.list),
            ("GET", f"{_PAGE}/*", self.show),
            ("PUT", f"{_PAGE}/*", self.put),
            ("DELETE", f"{_PAGE}/*", self.delete),
            ("POST", f"{_PAGE}/*", self.test),
        )

    async def list(self, request: HttpRequest) -> HttpResponse:
        """All targets, or those of the ``account`` in the query, and the kinds that there can be."""
        found = [
            self._described(one) for one in self._outside.all(request.query.get("account")) if may_see(request, one.arn)
        ]
        return answer({"targets": found, "kinds": self._outside.kinds()})

    async def show(self, request: HttpRequest) -> HttpResponse:
        return answer(self._described(self._outside.get(self._arn(request))))

    async def put(self, request: HttpRequest) -> HttpResponse:
        """Body: ``kind``, and the settings that the kind has. It replaces what was there; credentials that are left
        out stay."""
        asked = read_object(request.body)
        kind = asked.pop("kind", None)
        if not isinstance(kind, str):
            raise InvalidRequest(f"Say which kind of target: {', '.join(self._outside.kinds())}.")
        account, region = home_of(request)
        named = await self._outside.put(account, region, _name(request), kind, asked)
        return answer(self._described(named))

    async def delete(self, request: HttpRequest) -> HttpResponse:
        arn = self._arn(request)
        await self._outside.delete(arn)
        return answer({"arn": arn})

    async def test(self, request: HttpRequest) -> HttpResponse:
        """Deliver one event and say how it went. Body: ``event``, its detail; ``arn``, what in an account that is
        elsewhere is to get it, with ``parameters`` as a rule's target has them."""
        if not request.path.endswith(_TEST):
            raise InvalidRequest(f"Post to {_PAGE}/NAME{_TEST}.")
        arn, asked = self._arn(request), read_object(request.body or b"{}")
        named = self._outside.get(arn)
        parameters: Mapping[str, Any] = asked.get("parameters") or {}
        if "arn" in asked:
            if not self._outside.elsewhere(named.account, str(asked["arn"])):
                raise InvalidRequest(f"{asked['arn']} names nothing in an account that is elsewhere.")
            target: OutsideTarget | EitherTarget = EitherTarget(self._outside, str(asked["arn"]), parameters, None)
        else:
            target = OutsideTarget(self._outside, arn)
        now = self._clock.now()
        [id] = new_ids(1, now)
        event = _probe(id, arn, now, asked.get("event"))
        outcome = (await target.deliver([Delivery(id, event, event=event, rule=arn)]))[0]
        told: dict[str, str | None] = {"outcome": "delivered", "event_id": id, "code": None, "message": None}
        if isinstance(outcome, Retry | Permanent):
            kind = "retry" if isinstance(outcome, Retry) else "permanent"
            told |= {"outcome": kind, "code": outcome.code, "message": outcome.message}
        return answer(told)

    def _arn(self, request: HttpRequest) -> str:
        account, region = home_of(request)
        return target_arn(account, region, _name(request))

    def _described(self, named: Named) -> dict[str, Any]:
        counts = self._outside.counts
        return {
            "name": named.name,
            "arn": named.arn,
            "kind": named.kind,
            "settings": self._outside.settings(named),
            "created": named.created,
            "modified": named.modified,
            "deliveries": {word: counts[named.arn, word] for word in ("delivered", "retry", "permanent")},
        }


def _name(request: HttpRequest) -> str:
    return request.path.removeprefix(_PAGE + "/").removesuffix(_TEST)


def _probe(id: str, arn: str, now: int, detail: object) -> bytes:
    if detail is not None and not isinstance(detail, dict):
        raise InvalidRequest("event is the detail of an event, a JSON object.")
    return envelope(
        id=id,
        detail_type="TargetTested",
        source="eventyard.targets",
        account=account_of(arn),
        time=iso_seconds(now),
        region=arn.split(":")[3],
        resources=[arn],
        detail=orjson.dumps(detail or {}),
    )
