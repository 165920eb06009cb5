"""The targets outside of all accounts and regions: durable first, then in memory, and open once they are needed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import Broken, Conflict, InvalidRequest, LimitExceeded, NotFound
from eventyard.outside.kinds import Kinds
from eventyard.outside.resources import Named, account_of, target_arn
from eventyard.outside.settings import checked, guarded, left_out, parted, stars, typed
from eventyard.plugin import OpenTarget, Remote, Surroundings, TargetKind
from eventyard.store import Catalog, Change
from eventyard.target import Delivered, Outcome, Permanent, Retry
from eventyard.vault import Vault

log = structlog.get_logger("outside")

_KIND = "target"
_MOST = 1_000
_WORDS: dict[type, str] = {Delivered: "delivered", Retry: "retry", Permanent: "permanent"}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Named).decode


class Opened:
    """What is open of a target: a ``target``, or a ``remote`` account. ``users``: deliveries under way; it is closed
    when it is retired and has none."""

    def __init__(self, target: OpenTarget | None, remote: Remote | None) -> None:
        self.target = target
        self.remote = remote
        self.users = 0
        self.retired = False

    async def close(self) -> None:
        for one in (self.target, self.remote):
            try:
                if one is not None:
                    await one.close()
            except Exception as error:  # noqa: BLE001 - whatever a library says when it is sent away, it is gone
                log.warning("a target did not close well", reason=type(error).__name__)


class Outside:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. Credentials are opened when a target is, and kept by nobody else."""

    def __init__(self, catalog: Catalog, vault: Vault, clock: Clock, kinds: Kinds, surroundings: Surroundings) -> None:
        self._catalog = catalog
        self._vault = vault
        self._clock = clock
        self._kinds = kinds
        self._surroundings = surroundings
        self._named: dict[str, Named] = {}
        self._remotes: dict[tuple[str, str], str] = {}  #: by owner and the account that is elsewhere, the target's ARN
        self._accounts: frozenset[str] = frozenset()
        self._open: dict[str, Opened] = {}
        self.counts: Counter[tuple[str, str]] = Counter()  #: deliveries by target and outcome
        self._closing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once, before deliveries start."""
        for value in (await self._catalog.load(_KIND)).values():
            self._keep(_decode(value))

    # --- what there is ----------------------------------------------------------------------------------------------

    def all(self, account: str | None = None) -> list[Named]:
        """Those of an account, or all, by ARN."""
        return [self._named[arn] for arn in sorted(self._named) if account in (None, account_of(arn))]

    def kinds(self) -> list[str]:
        """The kinds that there can be."""
        return self._kinds.names()

    def get(self, arn: str) -> Named:
        """Raises NotFound."""
        found = self._named.get(arn)
        if found is None:
            raise NotFound(f"Target {arn} does not exist.")
        return found

    def settings(self, named: Named) -> dict[str, Any]:
        """Its settings as they may be shown."""
        return {**named.shown, **stars(named.hidden)}

    def remote(self, owner: str, account: str) -> str | None:
        """The ARN of the target by which ``owner`` declared ``account`` to be elsewhere."""
        return self._remotes.get((owner, account))

    def declared(self, account: str) -> bool:
        """Whether anybody declared ``account`` to be elsewhere."""
        return account in self._accounts

    def may_be_elsewhere(self, arn: str) -> bool:
        """Whether a declaration could ever lead what ``arn`` names elsewhere."""
        return self._kinds.leads(arn)

    def elsewhere(self, owner: str, arn: str) -> bool:
        """Whether what ``arn`` names is elsewhere for ``owner``, and can be delivered to there."""
        declared = self._remotes.get((owner, account_of(arn)))
        return declared is not None and self._kinds.leads(arn, self._named[declared].kind)

    # --- changes ----------------------------------------------------------------------------------------------------

    async def put(self, account: str, region: str, name: str, kind: str, given: Mapping[str, Any]) -> Named:
        """Make a target, or replace it whole; credentials that are left out stay, if the kind does.

        Raises InvalidRequest for a kind that isn't known or whose library is missing, for settings that can't work, and
        for credentials that are left out where they might go to somebody else, or can't be opened any more; Conflict
        for an account that is declared to be elsewhere twice; LimitExceeded."""
        arn, of = target_arn(account, region, name), self._kinds.find(kind)
        given = typed(of, given)
        async with self._turn:
            known = self._named.get(arn)
            if known is None and len(self._named) >= _MOST:
                raise LimitExceeded(f"There can't be more than {_MOST} targets outside.")
            shown, secrets = parted(of, given, self._before(known, of, kind, given))
            settings = checked(kind, of, {**shown, **secrets})
            if of.remote is not None:
                self._check_account(arn, account, shown["account"])
            await self._opened(of, settings).close()  # whatever can't work is refused now
            now = self._clock.now()
            named = Named(
                arn=arn,
                name=name,
                kind=kind,
                shown=shown,
                hidden=tuple(sorted(secrets)),
                sealed=b"",
                created=now if known is None else known.created,
                modified=now,
                version=1 if known is None else known.version + 1,
            )
            named = msgspec.structs.replace(named, sealed=self._vault.seal(named.label, _encode(secrets)))
            await self._catalog.apply([Change(_KIND, arn, _encode(named))])
            self._forget(arn)
            self._keep(named)
            return named

    async def delete(self, arn: str) -> None:
        """Rules that have it as a target stay. Raises NotFound."""
        async with self._turn:
            self.get(arn)
            await self._catalog.apply([Change(_KIND, arn, None)])
            self._forget(arn)

    def _before(self, known: Named | None, of: TargetKind, kind: str, given: Mapping[str, Any]) -> Mapping[str, str]:
        """The credentials that stay. Whoever may change a target must not have its credentials sent to themselves."""
        left = [] if known is None or known.kind != kind else left_out(known.hidden, given)
        if known is None or not left:
            return {}
        moved = guarded(of, known.shown, given)
        if moved:
            raise InvalidRequest(f"{' and '.join(left)} must be given again, or null: {moved[0]} is not what it was.")
        try:
            return self._secrets(known)
        except Broken as error:
            raise InvalidRequest(f"{' and '.join(left)} must be given again, or null: {error.message}") from error

    def _check_account(self, arn: str, owner: str, account: str) -> None:
        if account == owner:
            raise InvalidRequest(f"Account {account} is this one's own: its queues and buses are here.")
        other = self._remotes.get((owner, account))
        if other not in (None, arn):
            raise Conflict(f"Account {account} is declared to be elsewhere by {other} already.")

    def _secrets(self, named: Named) -> dict[str, str]:
        found: dict[str, str] = msgspec.json.decode(self._vault.unseal(named.label, named.sealed))
        return found

    def _keep(self, named: Named) -> None:
        self._named[named.arn] = named
        if self._kinds.is_remote(named.kind):
            self._remotes[named.account, named.shown["account"]] = named.arn
            self._accounts = frozenset(account for _, account in self._remotes)

    def _forget(self, arn: str) -> None:
        self._named.pop(arn, None)
        self._remotes = {key: one for key, one in self._remotes.items() if one != arn}
        self._accounts = frozenset(account for _, account in self._remotes)
        self._retire(self._open.pop(arn, None))

    # --- deliveries -------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """How long a delivery may take."""
        return self._surroundings.seconds

    @contextlib.asynccontextmanager
    async def opened(self, arn: str) -> AsyncIterator[Opened]:
        """What ``arn`` names, open for the time of the block.

        Raises NotFound, InvalidRequest for what can't be opened (its library is gone), Broken for credentials that
        can't be."""
        one = self._made(arn)
        one.users += 1
        try:
            yield one
        finally:
            one.users -= 1
            if one.retired and one.users == 0:
                self._close(one)

    def peek(self, arn: str) -> Opened | None:
        """What ``arn`` names, if it can be opened: to ask how much it takes at a time."""
        try:
            return self._made(arn)
        except (NotFound, InvalidRequest, Broken):
            return None

    def count(self, arn: str, outcomes: Sequence[Outcome]) -> None:
        """Remember how it went, for the metrics."""
        for outcome in outcomes:
            self.counts[arn, _WORDS[type(outcome)]] += 1

    def _made(self, arn: str) -> Opened:
        one = self._open.get(arn)
        if one is None:
            named = self.get(arn)
            of = self._kinds.find(named.kind)
            settings = checked(named.kind, of, {**named.shown, **self._secrets(named)})
            one = self._open[arn] = self._opened(of, settings)
        return one

    def _opened(self, of: TargetKind, settings: msgspec.Struct) -> Opened:
        made: Any = of.open(settings, self._surroundings)
        return Opened(made, None) if of.remote is None else Opened(None, made)

    def _retire(self, one: Opened | None) -> None:
        if one is not None:
            one.retired = True
            if one.users == 0:
                self._close(one)

    def _close(self, one: Opened) -> None:
        task = asyncio.get_running_loop().create_task(one.close(), name="close a target")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all. Call once deliveries have ended."""
        for arn in list(self._open):
            self._retire(self._open.pop(arn))
        await asyncio.gather(*self._closing)
