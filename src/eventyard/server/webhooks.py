"""The webhooks of a house, joined with providers, and with the buses and partner event sources that events go to."""

from __future__ import annotations

from eventyard.api.webhooks import PREFIX, CloudEventsPage, WebhookDoor, WebhookMetrics, WebhookPages
from eventyard.bus import Directory, Engine, Publisher, Retention
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.names import Arn
from eventyard.partners import ACTIVE, Partners
from eventyard.providers import find
from eventyard.store import Store
from eventyard.vault import Vault
from eventyard.webhooks import Intake, Wanted, Webhook, Webhooks
from eventyard.webhooks.mapping import Place
from eventyard.wire import Route, Socket


class Ingress:
    """``proxied``: all requests come through a proxy that has TLS."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        engine: Engine,
        publisher: Publisher,
        directory: Directory,
        partners: Partners,
        proxied: bool,
    ) -> None:
        self._directory = directory
        self._partners = partners
        self._publisher = publisher
        self._log = store.log
        self._clock = clock
        self._proxied = proxied

        def keep_log(name: str, age: int, size: int | None) -> None:
            engine.keep_log(name, Retention(age=age, size=size), routed=False)

        self.webhooks = Webhooks(store.catalog, store.log, vault, clock, find, keep_log, engine.drop_log)
        self._intake = Intake(store.log, publisher.publish, self._place, clock)
        self.metrics = WebhookMetrics(self.webhooks)

    async def load(self) -> None:
        """Bring all back, after buses and partners and before the engine starts."""
        await self.webhooks.load()

    def routes(self) -> list[Route]:
        """The pages for owners."""
        pages = WebhookPages(self.webhooks, self._directory.has_bus, self._prepare, self._log, self._clock)
        cloudevents = CloudEventsPage(self._directory, self._publisher.publish, self._clock)
        return [*pages.routes(), *cloudevents.routes()]

    def mounts(self) -> dict[str, Socket]:
        """Where senders post to."""
        return {PREFIX: WebhookDoor(self.webhooks.live, self._intake, self._proxied)}

    async def _prepare(self, account: str, region: str, wanted: Wanted) -> None:
        """Offer the partner event source to the account itself, unless it is there."""
        if not wanted.partner:
            return
        try:
            self._partners.find(region, account, wanted.partner)
        except NotFound:
            await self._partners.create(region, account, account, wanted.partner)

    def _place(self, webhook: Webhook) -> Place:
        if webhook.partner:
            source = self._partners.find(webhook.region, webhook.account, webhook.partner)
            if source.state != ACTIVE or not self._directory.has_bus(source.bus):
                raise TryAgain(
                    f"Partner event source {source.name} is {source.state}: it has to be matched by a bus of its name."
                )
            return Place(source.bus, webhook.account, webhook.region, source.name)
        if not self._directory.has_bus(webhook.bus):
            raise NotFound(f"Event bus {webhook.bus} does not exist any more.")
        home = Arn.parse(webhook.bus)
        if home is None:
            raise InvalidRequest(f"{webhook.bus} is no ARN of a bus.")
        return Place(webhook.bus, home.account, home.region, webhook.source)
