"""Partner event sources: what partners offer, and what accounts do with the offers. Any account may be a partner.

Sources: API reference, "CreatePartnerEventSource" and the operations beside it. What is put into a source that is not
active is refused, entry by entry: AWS does not document what becomes of it.
"""

from __future__ import annotations

from typing import Any

from eventyard.api.events.entries import (
    NOT_AUTHORIZED,
    Batch,
    Entry,
    Publish,
    Refusal,
    answer,
    check_size,
    entry_of,
    event_of,
    publish_batches,
)
from eventyard.api.events.limits import Limits
from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.clock import Clock
from eventyard.errors import NotFound
from eventyard.event import Event, iso_seconds, new_ids
from eventyard.inspection import Head
from eventyard.partners import ACTIVE, Partners, Source
from eventyard.wire import Caller, Handler


class PartnerOperations:
    """The operations on event sources, and PutPartnerEvents."""

    def __init__(self, partners: Partners, publish: Publish, clock: Clock, limits: Limits) -> None:
        self._partners = partners
        self._publish = publish
        self._clock = clock
        self._limits = limits

    def operations(self) -> dict[str, Handler]:
        return {
            "ActivateEventSource": self.activate,
            "CreatePartnerEventSource": self.create,
            "DeactivateEventSource": self.deactivate,
            "DeletePartnerEventSource": self.delete,
            "DescribeEventSource": self.describe,
            "DescribePartnerEventSource": self.describe_offer,
            "ListEventSources": self.list,
            "ListPartnerEventSourceAccounts": self.list_accounts,
            "ListPartnerEventSources": self.list_offers,
            "PutPartnerEvents": self.put,
        }

    # --- a partner's ------------------------------------------------------------------------------------------------

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        source = await self._partners.create(caller.region, caller.account, params["Account"], params["Name"])
        return {"EventSourceArn": source.arn}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._partners.delete(caller.region, caller.account, params["Account"], params["Name"])
        return {}

    async def describe_offer(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        source = self._partners.offer(caller.region, caller.account, params["Name"])
        return {"Arn": source.arn, "Name": source.name}

    async def list_offers(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix = params["NamePrefix"]
        found = self._partners.offers(caller.region, caller.account, prefix)
        listing = f"partner-event-sources {caller.account} {caller.region} {prefix}"
        shown, token = page(found, lambda source: source.name, params, listing)
        return given(
            PartnerEventSources=[{"Arn": source.arn, "Name": source.name} for source in shown], NextToken=token
        )

    async def list_accounts(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """A source is offered to one account."""
        name = params["EventSourceName"]
        found = [self._partners.offer(caller.region, caller.account, name)]
        shown, token = page(found, lambda source: source.account, params, f"accounts {caller.account} {name}")
        accounts = [given(Account=source.account, **_life(source)) for source in shown]
        return given(PartnerEventSourceAccounts=accounts, NextToken=token)

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Publish what the caller's active sources have, each on the bus of the account that matched it."""
        entries = [entry_of(each) for each in params["Entries"]]
        check_size(entries, self._limits.put_size)
        now = self._clock.now()
        ids = new_ids(len(entries), now)
        outcomes: list[str | Refusal] = [*ids]
        batches: dict[str, Batch] = {}
        for at, entry in enumerate(entries):
            placed = self._placed(caller, entry, ids[at], now)
            if isinstance(placed, Refusal):
                outcomes[at] = placed
                continue
            bus, event, head = placed
            batches.setdefault(bus, Batch()).add(at, event, head)
        await publish_batches(self._publish, batches, outcomes)
        return answer(outcomes)

    def _placed(self, caller: Caller, entry: Entry, id: str, now: int) -> tuple[str, Event, Head] | Refusal:
        """The bus that the entry is for and the event, which is of that bus's account, with its head; or why there is
        none."""
        try:
            source = self._partners.offer(caller.region, caller.account, entry.source or "")
        except NotFound:
            source = None
        account = caller.account if source is None else source.account
        described = event_of(entry, id, account, caller.region, now, iso_seconds(now), reserved=True)
        if isinstance(described, Refusal):
            return described
        if source is None:
            return NOT_AUTHORIZED
        if source.state != ACTIVE:
            return Refusal(
                "InvalidStateException", f"Event source {source.name} is in state {source.state}: it takes no events."
            )
        return source.bus, *described

    # --- an account's -----------------------------------------------------------------------------------------------

    async def activate(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._partners.activate(caller.region, caller.account, params["Name"])
        return {}

    async def deactivate(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._partners.deactivate(caller.region, caller.account, params["Name"])
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _described(self._partners.find(caller.region, caller.account, params["Name"]))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix = params.get("NamePrefix") or ""
        found = self._partners.list(caller.region, caller.account, prefix)
        listing = f"event-sources {caller.account} {caller.region} {prefix}"
        shown, token = page(found, lambda source: source.name, params, listing)
        return given(EventSources=[_described(source) for source in shown], NextToken=token)


def _described(source: Source) -> dict[str, Any]:
    return given(Arn=source.arn, Name=source.name, CreatedBy=source.partner_name, **_life(source))


def _life(source: Source) -> dict[str, Any]:
    return given(
        CreationTime=source.created / 1000,
        ExpirationTime=None if source.expires is None else source.expires / 1000,
        State=source.state,
    )
