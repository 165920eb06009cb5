"""All webhooks: durable first, then in memory, each with its provider, its memory and its counts.

Names are one for the whole server, whoever's they are: a sender has no account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound
from eventyard.provider import Make, Provider
from eventyard.store import Catalog, Change, EventLog
from eventyard.vault import Vault
from eventyard.webhooks.absent import Absent
from eventyard.webhooks.bucket import Bucket
from eventyard.webhooks.memory import LARGEST, Memory, deliveries_of, raw_of
from eventyard.webhooks.resources import Secret, Webhook
from eventyard.webhooks.tally import Tally
from eventyard.webhooks.wanted import Wanted, check

_KIND = "webhook"
_DAY = 86_400_000
#: Of one webhook; each is a hash of the body.
MOST_SECRETS = 10
#: Of one account.
MOST_WEBHOOKS = 1_000
log = structlog.get_logger("webhooks")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Webhook).decode
_seal = msgspec.json.Encoder().encode
_unseal = msgspec.json.Decoder(tuple[Secret, ...]).decode

KeepLog = Callable[[str, int, int | None], None]
"""``keep_log(name, age, size)``: the log is somebody's, and keeps what is younger than ``age`` (ms), and no more than
``size`` (bytes; None for no limit)."""


class Live:
    """A webhook that takes requests. ``secrets``: of the owner; never to be shown."""

    def __init__(self, webhook: Webhook, provider: Provider, secrets: tuple[Secret, ...], memory: Memory) -> None:
        self.webhook = webhook
        self.provider = provider
        self.secrets = secrets
        self.memory = memory
        self.tally = Tally()
        self.bucket = Bucket(webhook.rate, webhook.burst, 0)
        #: Keys of what is being published, each with what it will come to.
        self.coming: dict[str, asyncio.Future[None]] = {}

    def valid(self, now: int) -> list[str]:
        """The secrets that hold at ``now``, the newest first."""
        return [secret.value for secret in self.secrets if secret.holds(now)]


class Webhooks:
    """Reads answer from memory. Changes are coroutines that return when the change is durable. ``find``: how a provider
    is made, by name. ``keep_log`` and ``drop_log``: of the logs that webhooks have."""

    def __init__(
        self,
        catalog: Catalog,
        log: EventLog,
        vault: Vault,
        clock: Clock,
        find: Callable[[str], Make],
        keep_log: KeepLog,
        drop_log: Callable[[str], None],
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._vault = vault
        self._clock = clock
        self._find = find
        self._keep_log = keep_log
        self._drop_log = drop_log
        self._live: dict[str, Live] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once, before the engine starts: it empties logs that are nobody's."""
        for value in (await self._catalog.load(_KIND)).values():
            webhook = _decode(value)
            secrets = _unseal(self._vault.unseal(webhook.label, webhook.sealed))
            provider: Provider
            try:
                provider = self._find(webhook.provider)(webhook.options, webhook.tolerance * 1000)
            except InvalidRequest as error:
                # A plug-in that is not installed any more must not keep the whole server from starting.
                log.error("a webhook takes nothing", webhook=webhook.name, reason=error.message)
                provider = Absent(error.message)
            await self._keep(webhook, provider, secrets)

    def live(self, name: str) -> Live | None:
        """The webhook called ``name``, ready to take requests."""
        return self._live.get(name)

    def get(self, account: str, name: str) -> Live:
        """The webhook of ``account``. Raises NotFound, also for another account's."""
        live = self._live.get(name)
        if live is None or live.webhook.account != account:
            raise NotFound(f"There is no webhook {name[:100]}.")
        return live

    def all(self) -> Sequence[Live]:
        """Every account's, by name."""
        return [self._live[name] for name in sorted(self._live)]

    def check(self, account: str, region: str, name: str, wanted: Wanted) -> Provider:
        """The provider of a webhook that can be as ``wanted``. Changes nothing, and raises as :meth:`put` does."""
        provider = check(name, wanted, self._find(wanted.provider))
        known = self._live.get(name)
        if known is not None and (known.webhook.account, known.webhook.region) != (account, region):
            raise Conflict(f"There is a webhook {name} already, of another account or region: names are one here.")
        if known is None and sum(each.webhook.account == account for each in self.all()) >= MOST_WEBHOOKS:
            raise LimitExceeded(f"An account has at most {MOST_WEBHOOKS} webhooks.")
        self._wanted_secrets(wanted, provider, known, self._clock.now())
        return provider

    async def put(self, account: str, region: str, name: str, wanted: Wanted, bus: str) -> Webhook:
        """Have the webhook be as ``wanted``, on the ``bus`` (an ARN). Raises InvalidRequest, LimitExceeded, or
        Conflict if the name is another account's."""
        async with self._turn:
            provider = self.check(account, region, name, wanted)
            known = self._live.get(name)
            now = self._clock.now()
            secrets = self._wanted_secrets(wanted, provider, known, now)
            same = known is not None and known.secrets == secrets
            version = 1 if known is None else known.webhook.version + (not same)
            webhook = Webhook(
                name=name,
                account=account,
                region=region,
                created=now if known is None else known.webhook.created,
                modified=now,
                version=version,
                sealed=b"",
                bus=bus,
                headers=None if wanted.headers is None else tuple(wanted.headers),
                **{field: getattr(wanted, field) for field in _COPIED},
            )
            return await self._save(webhook, provider, secrets)

    async def rotate(self, account: str, name: str, secret: str, keep: int) -> Webhook:
        """A new ``secret``; those that are there hold for at most ``keep`` ms more. Raises InvalidRequest, NotFound."""
        async with self._turn:
            live = self.get(account, name)
            live.provider.check_secret(secret)
            now = self._clock.now()
            old = [each for each in live.secrets if each.holds(now) and each.value != secret]
            ends = [min(now + keep, each.expires or now + keep) for each in old]
            kept = [Secret(each.value, each.added, end) for each, end in zip(old, ends, strict=True) if end > now]
            secrets = (Secret(secret, now), *kept[: MOST_SECRETS - 1])
            webhook = msgspec.structs.replace(live.webhook, version=live.webhook.version + 1, modified=now)
            return await self._save(webhook, live.provider, secrets)

    async def delete(self, account: str, name: str) -> None:
        """No more requests are taken, and what came is forgotten. Raises NotFound."""
        async with self._turn:
            live = self.get(account, name)
            await self._catalog.apply([Change(_KIND, name, None)])
            del self._live[name]
            for log in (deliveries_of(live.webhook.arn), raw_of(live.webhook.arn)):
                self._drop_log(log)
                # Not left to retention: a webhook that is made anew must know nothing.
                await self._log.trim(log, max_size=0)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _wanted_secrets(self, wanted: Wanted, provider: Provider, known: Live | None, now: int) -> tuple[Secret, ...]:
        if wanted.secrets is None:
            secrets = () if known is None else known.secrets
            for each in secrets:
                provider.check_secret(each.value)
        else:
            before = {} if known is None else {each.value: each for each in known.secrets}
            made: list[Secret] = []
            for given in wanted.secrets:
                value, expires = (given, None) if isinstance(given, str) else (given.value, given.expires)
                provider.check_secret(value)
                added = before[value].added if value in before else now
                made.append(Secret(value, added, None if expires is None else int(expires * 1000)))
            secrets = tuple(made)
        if not any(each.holds(now) for each in secrets):
            raise InvalidRequest("A webhook needs a secret that is valid: without one anybody could post to it.")
        if len(secrets) > MOST_SECRETS or len({each.value for each in secrets}) < len(secrets):
            raise InvalidRequest(f"A webhook has at most {MOST_SECRETS} secrets, each once.")
        return secrets

    async def _save(self, webhook: Webhook, provider: Provider, secrets: tuple[Secret, ...]) -> Webhook:
        sealed = self._vault.seal(webhook.label, _seal(secrets))
        webhook = msgspec.structs.replace(webhook, sealed=sealed)
        await self._catalog.apply([Change(_KIND, webhook.name, _encode(webhook))])
        await self._keep(webhook, provider, secrets)
        return webhook

    async def _keep(self, webhook: Webhook, provider: Provider, secrets: tuple[Secret, ...]) -> None:
        # What is signed with a time is taken from one tolerance before it to one after it.
        guard = 2 * webhook.tolerance * 1000
        window = max(webhook.window * 1000, guard)
        # A day more, so that retention is never what makes a duplicate of something.
        self._keep_log(deliveries_of(webhook.arn), window + _DAY, LARGEST)
        self._keep_log(raw_of(webhook.arn), webhook.archive_days * _DAY, None)
        known = self._live.get(webhook.name)
        if known is None:
            memory = Memory(self._log, deliveries_of(webhook.arn), window, guard)
            await memory.load(self._clock.now())
            live = self._live[webhook.name] = Live(webhook, provider, secrets, memory)
        else:  # requests that are in hand go on with what they began with
            live = known
            live.webhook, live.provider, live.secrets = webhook, provider, secrets
            live.memory.window, live.memory.guard = window, guard
        live.bucket = Bucket(webhook.rate, webhook.burst, self._clock.now())


_COPIED = (
    "provider", "options", "source", "detail_type", "partner", "tolerance", "window", "rate", "burst", "body_limit",
    "archive", "archive_days", "url", "description",
)  # fmt: skip
