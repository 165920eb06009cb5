"""``eventyard contracts push``: contracts into a registry of a server or of AWS."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.contracts.options import HERE, Aws, Where
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say

_WORDS = {
    "create": "new schema",
    "add-version": "new version",
    "unchanged": "unchanged",
    "delete": "delete",
    "leave": "not in this folder; --prune deletes it",
}


def push(
    folder: Where = HERE,
    registry: Annotated[str, typer.Option(help="Name of the registry; it is created if it isn't there.")] = "contracts",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete contracts from the registry that are not in the folder.")
    ] = False,
    aws: Aws = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Put the contracts of a folder into a registry of the EventBridge Schemas API, and say first what will be done.

    Only what changed gets a new version. Schemas that are no contracts are left alone."""
    from eventyard.cli.client import aws_client, real_client, told
    from eventyard.cli.contracts.options import sound
    from eventyard.cli.contracts.registry import Schemas
    from eventyard.contract import read_repository
    from eventyard.contracts.registering import plan

    repository = sound(read_repository(folder), str(folder))
    with told("AWS" if aws else endpoint):
        schemas = Schemas(real_client("schemas") if aws else aws_client("schemas", endpoint), registry)
        there = schemas.exists()
        names = {contract.name for contract in repository.contracts}
        steps = plan(repository, schemas.contents(names) if there else {}, prune)
        if not there:
            say(f"{'new registry':<12} {registry}")
        for step in steps:
            version = f" version {step.version}" if step.version else ""
            say(f"{_WORDS[step.action]:<12} {step.name}{version}")
            for left_out in step.left_out if step.action in ("create", "add-version") else ():
                say(f"{'':<12}   Draft 4 can't say {left_out}; the document still does")
        changes = [step for step in steps if step.action not in ("unchanged", "leave")]
        if dry_run:
            say(f"{len(changes)} changes would be made in {registry}.")
            return
        if not there:
            schemas.create()
        for step in changes:
            schemas.apply(step)
    say(f"{len(changes)} changes made in {registry}.")
