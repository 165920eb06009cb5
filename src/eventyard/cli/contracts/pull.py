"""``eventyard contracts pull``: contracts out of a registry, back into documents and atoms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.cli.contracts.options import HERE, Aws, Where
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say
from eventyard.errors import Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from eventyard.contract import Repository
    from eventyard.contracts.registering import Stored


def pull(
    folder: Where = HERE,
    registry: Annotated[str, typer.Option(help="Name of the registry.")] = "contracts",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that say something else.")] = False,
    aws: Aws = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Write the contracts of a registry as documents and atoms into a folder.

    A file that is there and says something else is not overwritten without --force; then nothing is written."""
    from eventyard.cli.client import aws_client, real_client, told
    from eventyard.cli.contracts.registry import Schemas
    from eventyard.contract import from_files, read_repository
    from eventyard.contracts.registering import newest

    local = read_repository(folder) if folder.is_dir() else from_files({})
    with told("AWS" if aws else endpoint):
        schemas = Schemas(real_client("schemas") if aws else aws_client("schemas", endpoint), registry)
        if not schemas.exists():
            raise NotFound(f"There is no registry {registry}.")
        contents = schemas.contents()
    stored = {name: newest(versions) for name, versions in contents.items()}
    files = _files([one for each in stored.values() for one in each.values()], local)
    states = {path: _state(folder, path, text) for path, text in files.items()}
    for name, each in stored.items():
        if not each:
            say(f"{'no contract':<12} {name}")
    for path, state in sorted(states.items()):
        say(f"{state:<12} {path}")
    differing = [path for path, state in states.items() if state == "differs"]
    if differing and not force and not dry_run:
        raise Conflict(f"{len(differing)} files say something else here. Nothing was written; --force overwrites them.")
    changed = [path for path, state in states.items() if state != "unchanged"]
    if dry_run:
        say(f"{len(changed)} files would be written.")
        return
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[path].encode())
    say(f"{len(changed)} files written.")


def _files(stored: list[Stored], local: Repository) -> dict[str, str]:
    """The texts by path: where a contract or an atom is in this folder already, else where it was."""
    documents = {(one.name, one.version): one.path for one in local.contracts}
    atoms = {url: text.path for url, text in local.texts.items()}
    found: dict[str, str] = {}
    for one in sorted(stored, key=lambda each: (each.contract.name, each.contract.version)):
        places = {one.path: documents.get((one.contract.name, one.contract.version), one.path)}
        places |= {path: atoms.get(url, path) for url, path in one.atom_paths.items()}
        for path, text in one.files().items():
            place = places[path]
            if found.setdefault(place, text) != text:
                raise InvalidRequest(
                    f"{one.contract.name} version {one.contract.version} wants {place} to say something else than "
                    "another contract in the registry does. Push all of them anew from one repository, with --prune."
                )
    return found


def _state(folder: Path, path: str, text: str) -> str:
    """``new``, ``unchanged`` or ``differs``. Raises InvalidRequest where a link leads out of the folder."""
    target = folder / path
    if folder.resolve() not in target.resolve().parents:
        raise InvalidRequest(f"{target} leads out of {folder}.")
    if not target.exists():
        return "new"
    return "unchanged" if target.is_file() and target.read_bytes() == text.encode() else "differs"
