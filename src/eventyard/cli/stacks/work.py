"""What applying and destroying have in common: opening the site, planning, asking, and doing it under the record."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import orjson
import typer

from eventyard.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from eventyard.cli.stacks.site import ClientSite
    from eventyard.cli.stacks.view import View
    from eventyard.stacks import Ledger, Plan, Record, Records


class Place(msgspec.Struct, frozen=True):
    """Where a stack is applied, and where its record is. ``name``: of the place, for people."""

    site: ClientSite
    records: Records
    name: str

    def others(self, stack: str) -> list[Record]:
        """The records of all other stacks."""
        found = [self.records.load(name)[0] for name in self.records.names() if name != stack]
        return [record for record in found if record is not None]


def open_place(endpoint: str, aws: bool, folder: Path) -> Place:
    """Raises TryAgain if nobody answers."""
    from eventyard.cli.stacks.records import FileRecords, ServerRecords
    from eventyard.cli.stacks.site import ClientSite

    site = ClientSite(None if aws else endpoint)
    records: Records = FileRecords(folder) if aws else ServerRecords(endpoint, site)
    return Place(site, records, f"{'AWS' if aws else endpoint} ({site.account}, {site.region})")


class Work:
    """One apply or destroy. ``json``: print one document and ask nothing."""

    def __init__(self, place: Place, view: View, json: bool, yes: bool, take_over: bool) -> None:
        self._place = place
        self._view = view
        self._json = json
        self._yes = yes
        self._take_over = take_over

    def do(self, name: str, make: Callable[[Record], Plan], plan_only: bool, exit_code: bool) -> Ledger | None:
        """Plan, show, ask, apply. Ends the program with 1 for errors, 2 where ``exit_code`` wants it for changes. The
        record as it is afterwards; None if nothing was applied."""
        from eventyard.cli.stacks.view import as_json
        from eventyard.stacks import Ledger, Record, carry_out

        record, revision = self._place.records.load(name)
        known = record is not None
        record = record or Record(name, secrets.token_hex(16))
        if not plan_only:
            self._check_free(record)
        plan = make(record)
        if not self._json:
            self._view.findings(plan.findings)
        if plan.failed:
            self._print(as_json(plan))
            raise typer.Exit(1)
        if not self._json:
            self._view.plan(plan, self._place.name)
        if plan_only:
            self._print(as_json(plan))
            raise typer.Exit(2 if exit_code and plan.changing else 0)
        if plan.changing:
            self._confirm()
        elif not known and not plan.steps:
            self._print(as_json(plan))
            return None
        ledger = Ledger(self._place.records, record, revision)
        self._hold(ledger)
        try:
            outcome = carry_out(self._place.site, ledger, plan, (lambda *_: None) if self._json else self._view.tell)
        finally:
            self._view.rest()
            self._release(ledger)
        self._print(as_json(plan, outcome))
        if not self._json and (plan.changing or outcome.outputs):
            self._view.outcome(outcome)
        if not outcome.well:
            raise typer.Exit(1)
        return ledger

    def _check_free(self, record: Record) -> None:
        from eventyard.cli.stacks.records import is_over

        if record.holder and not self._take_over and not is_over(record.holder):
            raise Conflict(
                f"Stack {record.name} is being applied by {record.holder}. Wait for it; if it was cut off, add "
                "--take-over."
            )

    def _hold(self, ledger: Ledger) -> None:
        """Raises Conflict if somebody else began since the plan was made."""
        name = ledger.record.name
        try:
            ledger.keep(msgspec.structs.replace(ledger.record, holder=self._me()))
        except Conflict as error:
            now = self._place.records.load(name)[0]
            who = f"{now.holder} is applying it" if now is not None and now.holder else "somebody has applied it"
            raise Conflict(
                f"Stack {name} is not as it was when this plan was made: {who}. Nothing was changed here. Run this "
                "again afterwards, to see what is left to do."
            ) from error

    def _me(self) -> str:
        from eventyard.cli.stacks.records import holder

        return holder()

    def _release(self, ledger: Ledger) -> None:
        """Let others apply. If somebody else has written meanwhile, the record is theirs."""
        try:
            ledger.keep(msgspec.structs.replace(ledger.record, holder=""))
        except Conflict:
            if sys.exc_info()[0] is None:
                raise

    def _confirm(self) -> None:
        if self._yes:
            return
        if self._json or not sys.stdin.isatty():
            raise InvalidRequest("Nobody can be asked here: say --yes to apply this, or --plan to see it only.")
        if not self._view.asked():
            self._view.say("Nothing was changed.")
            raise typer.Exit(1)

    def _print(self, found: object) -> None:
        if self._json:
            typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
