"""A contract repository as it was at a revision of git: read from git's own store, without a checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from eventyard.contract import Repository, from_files
from eventyard.contract.repository import Unread, decoded, is_read
from eventyard.errors import InvalidRequest, NotFound


def read_revision(folder: Path, revision: str) -> Repository:
    """The contracts of ``folder`` at ``revision``; none, if there was no such folder. Raises NotFound for an unknown
    revision, and InvalidRequest where git or its repository is missing."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.")
    _git(folder, ["rev-parse", "--show-toplevel"])
    try:
        named = _git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
    except InvalidRequest as error:
        raise NotFound(f"git knows no revision {revision!r} in {folder}.") from error
    commit = named.decode().strip()
    # Relative to the folder, because git lists the current directory's part of the tree.
    listed = _git(folder, ["ls-tree", "-r", "-z", commit, "."])
    blobs: list[tuple[str, str]] = []
    for line in listed.decode("utf-8", "surrogateescape").split("\0"):
        meta, _, name = line.partition("\t")
        if meta and meta.split()[0] in ("100644", "100755") and is_read(PurePosixPath(name)):
            blobs.append((name, meta.split()[2]))
    return from_files(dict(zip([name for name, _ in blobs], _texts(folder, [blob for _, blob in blobs]), strict=True)))


def _texts(folder: Path, blobs: Sequence[str]) -> list[str | Unread]:
    """The content of each blob."""
    if not blobs:
        return []
    given = _git(folder, ["cat-file", "--batch"], "".join(f"{blob}\n" for blob in blobs).encode())
    texts: list[str | Unread] = []
    at = 0
    for _ in blobs:
        end = given.index(b"\n", at)
        size = int(given[at:end].split()[2])
        content = given[end + 1 : end + 1 + size]
        at = end + size + 2
        texts.append(decoded(content))
    return texts


def _git(folder: Path, arguments: Sequence[str], given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    except OSError as error:
        raise InvalidRequest("git is needed to read another revision, and can't be started.") from error
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise InvalidRequest(f"git: {why or 'it failed without a word'}")
    return done.stdout
