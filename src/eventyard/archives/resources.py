"""Archives and replays as the user made them: plain frozen records. Times are milliseconds since the epoch."""

from __future__ import annotations

import msgspec

STARTING, RUNNING, COMPLETED = "STARTING", "RUNNING", "COMPLETED"
CANCELLING, CANCELLED, FAILED = "CANCELLING", "CANCELLED", "FAILED"
#: A minute before any that an event can have.
BEFORE_ALL = -(1 << 40)
ACTIVE = frozenset({STARTING, RUNNING, CANCELLING})


class Archive(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An archive of the bus with the ARN ``bus``. ``pattern``: the text as given. ``days``: 0 is for ever.

    ``log``: where its events are; another one for an archive that is made anew under an old name."""

    arn: str
    name: str
    bus: str
    log: str
    created: int
    description: str | None = None
    pattern: str | None = None
    days: int = 0
    kms_key: str | None = None


class Replay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A replay of those events of ``archive`` (an ARN), kept in the log ``source``, whose time is from ``start`` on and
    before ``end``, to ``rules`` (ARNs; none for all) of ``bus``.

    ``log``: the replay's own, that the events to be replayed are copied to; ``closed`` once nobody needs it any more.
    ``behind``: the end of the bus's log when the replay was asked for: all up to there belongs to it. ``until``: the
    end of the archive, once that is known. ``minute`` and ``cursor``: up to that position, of those events that are
    of that minute (since the epoch), and before that all of the minutes before, the archive is copied; all of it once
    it is ``through``. ``copied`` was the end of the replay's log then. ``last``: the time of the last event copied."""

    arn: str
    name: str
    archive: str
    source: str
    bus: str
    log: str
    start: int
    end: int
    behind: int
    rules: tuple[str, ...] = ()
    description: str | None = None
    state: str = STARTING
    reason: str | None = None
    started: int | None = None
    ended: int | None = None
    until: int | None = None
    minute: int = BEFORE_ALL
    cursor: int = 0
    through: bool = False
    copied: int = 0
    last: int | None = None
    closed: bool = False

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


def archive_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:archive/{name}"


def replay_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:replay/{name}"


def name_of(arn: str) -> str:
    """The name in the ARN of an archive or a replay."""
    return arn.rpartition("/")[2]
