"""The messages of queues: two tables for each queue, one for what was sent and one for who has it.

Every change is one of the writer's transactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from eventyard.store import Carry, Claim, Counts, Message, NewMessage, Sent, Settled
from eventyard.stores.receipts import receipt_of, sequence_in
from eventyard.stores.sqlite.crowds import Crowd, Crowds
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.statements import fetch, in_lists, statement, write_rows
from eventyard.stores.sqlite.writer import Writer

_OVERHEAD = 400  # bytes that a waiting message takes beside its body, roughly
_EXPIRE_ROWS = 5_000
# A claim that meets only messages for the dead queue gives up after this many looks; the next claim goes on.
_MOST_LOOKS = 20

# How many of a FIFO queue's oldest messages are searched for a free group: a few, and if none of them is, all that AWS
# documents for its own, but that at most every so many milliseconds (it takes some, and blocked consumers ask often).
_NEAR, _FAR, _FAR_EVERY = 500, 20_000, 200

_Settlements = tuple[str, Sequence[tuple[str, int | None]], int, bool]


class _Tally(msgspec.Struct, frozen=True):
    """A queue's tables, its last sequence number and how many messages it holds (counting a million takes a while).

    ``fresh``: no message at or below this sequence number can be claimed for the first time. It is not written down:
    starting with 0 is right too, it only makes the first claim look further."""

    n: int
    sequence: int
    total: int
    fresh: int = 0


class _Tallies:
    """The queues' tallies, as of the transaction that is being written."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._committed: dict[str, _Tally] = {}
        self._changed: dict[str, _Tally] = {}

    def find(self, queue: str) -> _Tally | None:
        tally = self._changed.get(queue) or self._committed.get(queue)
        if tally is None:
            for (n,) in fetch(self._connection, statement("queues", "find"), (queue,)):
                last = fetch(self._connection, statement("queues", "last_sequence", n))
                total = fetch(self._connection, statement("queues", "total", n))[0][0]
                tally = self._committed[queue] = _Tally(n, last[0][0] if last else 0, total)
        return tally

    def make(self, queue: str) -> _Tally:
        n = fetch(self._connection, statement("queues", "register"), (queue,))[0][0]
        self._connection.execute(statement("queues", "create", n))
        return self.change(queue, _Tally(n, 0, 0))

    def change(self, queue: str, tally: _Tally) -> _Tally:
        self._changed[queue] = tally
        return tally

    def gone(self, queue: str, count: int) -> None:
        tally = self.find(queue)
        if tally is not None and count:
            self._changed[queue] = replace(tally, total=tally.total - count)

    def total(self, queue: str) -> int | None:
        """Durably there; None if not counted yet. The one method for other threads."""
        tally = self._committed.get(queue)
        return None if tally is None else tally.total

    def committed(self) -> Sequence[Callable[[], None]]:
        self._committed.update(self._changed)
        self._changed.clear()
        return ()

    def rolled_back(self) -> None:
        self._changed.clear()

    def forget(self) -> None:
        """After the tables were dropped."""
        self._changed.clear()
        self._committed.clear()


class SqliteQueues:
    """Keeps :class:`eventyard.store.QueueStore`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader
        self._connection = writer.connection
        self.tallies = _Tallies(writer.connection)
        self.crowds = Crowds(writer.connection)
        self._searched: dict[str, int] = {}
        writer.parts.append(self.tallies)

    # Sending

    async def send(self, queue: str, messages: Sequence[NewMessage], dedup_since: int | None = None) -> list[Sent]:
        cost = sum([len(message.body) + len(message.attributes) + _OVERHEAD for message in messages])
        return await self._writer.submit(self._send, queue, (queue, messages, dedup_since), cost)

    def _send(self, batches: Sequence[tuple[str, Sequence[NewMessage], int | None]]) -> list[list[Sent]]:
        """Several callers' messages for one queue."""
        queue = batches[0][0]
        tally = self.tallies.find(queue) or self.tallies.make(queue)
        sequence = tally.sequence
        rows: list[Any] = []
        delayed: list[Any] = []
        answers = []
        seen: dict[str, tuple[int, str, int]] = {}
        for _, messages, since in batches:
            answer = []
            for m in messages:
                if since is not None and m.dedup is not None:
                    first = seen.get(m.dedup) or self._seen(tally.n, m.dedup)
                    if first is not None and first[0] >= since:
                        answer.append(Sent(first[1], first[2], True))
                        continue
                sequence += 1
                if m.dedup is not None:
                    seen[m.dedup] = (m.sent, m.id, sequence)
                rows += (sequence, m.id, m.body, m.sent, m.attributes, m.group, m.dedup)
                if m.visible > m.sent:
                    delayed += (sequence, m.visible, 0, 0, None, m.group)
                answer.append(Sent(m.id, sequence))
            answers.append(answer)
        write_rows(self._connection, statement("queues", "send", tally.n), 7, rows)
        write_rows(self._connection, statement("queues", "hide", tally.n), 6, delayed)
        if seen:
            self._remember(tally.n, seen, [since for _, _, since in batches if since is not None])
        self.tallies.change(queue, replace(tally, sequence=sequence, total=tally.total + len(rows) // 7))
        return answers

    def _seen(self, n: int, dedup: str) -> tuple[int, str, int] | None:
        rows = fetch(self._connection, statement("queues", "seen"), (n, dedup))
        return rows[0] if rows else None

    def _remember(self, n: int, seen: dict[str, tuple[int, str, int]], since: list[int]) -> None:
        if since:
            self._connection.execute(statement("queues", "prune_dedup"), (n, min(since)))
        values = [value for dedup, first in seen.items() for value in (n, dedup, *first)]
        write_rows(self._connection, statement("queues", "see"), 5, values)

    # Receiving

    async def claim(self, queue: str, claim: Claim) -> list[Message]:
        return await self._writer.run(partial(self._claim, queue, claim))

    def _claim(self, queue: str, claim: Claim) -> list[Message]:
        tally = self.tallies.find(queue)
        if tally is None or not tally.total:
            return []
        found: list[Any] = []
        new: list[Any] = []
        for _ in range(_MOST_LOOKS):
            found, new = self._receivable(queue, tally, claim)
            if claim.dead_queue is None:
                break
            dead = [row for row in found if row[4] >= claim.max_receives]
            if not dead:
                break
            self._bury(queue, tally.n, claim.dead_queue, claim.now, dead, claim.counts_on, claim.carry)
        else:
            found = [row for row in found if row[4] < claim.max_receives]
        if not found:
            return []
        values: list[Any] = []
        messages = []
        for sequence, id, body, sent, receives, first_received, attributes, group, dedup, *_ in found:
            receipt = receipt_of(claim.token, sequence)
            first = first_received or claim.now
            values += (sequence, claim.visible, receives + 1, first, receipt, group)
            messages.append(Message(id, sequence, body, sent, receipt, receives + 1, first, attributes, group, dedup))
        write_rows(self._connection, statement("queues", "hide", tally.n), 6, values)
        if new:
            taken = {row[0] for row in found}
            passed = [row[0] for row in takewhile(lambda row: row[0] in taken, new)]
            if passed:
                self.tallies.change(queue, replace(self.tallies.find(queue) or tally, fresh=passed[-1]))
        if not claim.fifo:
            self.crowds.met(queue, [row[7] for row in found])
        return messages

    def _receivable(self, queue: str, tally: _Tally, claim: Claim) -> tuple[list[Any], list[Any]]:
        """The rows of messages that may be claimed, the first first; and those of a standard queue that were never
        claimed, without a gap, so that one number says how far they have been given out."""
        if not claim.fifo:
            new = fetch(self._connection, statement("queues", "fresh", tally.n), (tally.fresh, claim.limit))
            back = fetch(self._connection, statement("queues", "returned", tally.n), (claim.now, claim.limit))
            crowd = self.crowds.of(queue, tally.n, claim.now)
            found = _merged(back, new, claim.limit)
            return (found if crowd is None else self._fair(crowd, found, tally, claim)), new
        text = statement("queues", "claim_fifo", tally.n)
        found = fetch(self._connection, text, (claim.now, claim.limit, _NEAR))
        if not found and tally.total > _NEAR and abs(claim.now - self._searched.get(queue, -_FAR_EVERY)) >= _FAR_EVERY:
            found = fetch(self._connection, text, (claim.now, claim.limit, _FAR))
            if not found:
                self._searched[queue] = claim.now
        return found, []

    def _fair(self, crowd: Crowd, oldest: Sequence[Any], tally: _Tally, claim: Claim) -> list[Any]:
        """Quiet groups first; then the others of the ``oldest``, those of groups with fewer messages out first."""
        back = self.crowds.returned(crowd, tally.n, claim.now, claim.limit)
        new = self.crowds.quiet(crowd, tally.n, tally.fresh, claim.limit)
        found = _merged(back, new, claim.limit)
        taken = {row[0] for row in found}
        rest = [row for row in oldest if row[0] not in taken]
        rest.sort(key=lambda row: crowd.noisy.get(row[7], 0))
        return [*found, *rest[: claim.limit - len(found)]]

    def _bury(
        self,
        queue: str,
        n: int,
        dead_queue: str,
        now: int,
        dead: Sequence[Any],
        counts_on: bool,
        carry: Carry | None = None,
    ) -> None:
        """Move messages that were received too often, as they are but for the receive count, unless that goes on, and
        for what ``carry`` makes of the attributes."""
        buried = [
            NewMessage(row[1], row[2], row[3], now, carry(row[6], row[4]) if carry else row[6], row[7], row[8])
            for row in dead
        ]
        self._delete(queue, n, [row[0] for row in dead])
        first, to = self._put(dead_queue, buried)
        if counts_on:
            claims = [(first + at, now, row[4], row[5], None, row[7]) for at, row in enumerate(dead)]
            write_rows(self._connection, statement("queues", "hide", to), 6, [value for one in claims for value in one])

    def _put(self, queue: str, messages: Sequence[NewMessage]) -> tuple[int, int]:
        """Append without a look at duplicates: these messages have been admitted once. The sequence number of the first
        and the number of the queue's tables."""
        tally = self.tallies.find(queue) or self.tallies.make(queue)
        rows: list[Any] = []
        for number, m in enumerate(messages, tally.sequence + 1):
            rows += (number, m.id, m.body, m.sent, m.attributes, m.group, m.dedup)
        write_rows(self._connection, statement("queues", "send", tally.n), 7, rows)
        count = len(messages)
        self.tallies.change(queue, replace(tally, sequence=tally.sequence + count, total=tally.total + count))
        return tally.sequence + 1, tally.n

    def _delete(self, queue: str, n: int, sequences: Sequence[int]) -> None:
        for name in ("delete", "release"):
            for text, some in in_lists(statement("queues", name, n), sequences):
                self._connection.execute(text, some)
        self.tallies.gone(queue, len(sequences))

    async def settle(
        self, queue: str, settlements: Sequence[tuple[str, int | None]], now: int, strict: bool = False
    ) -> list[Settled]:
        return await self._writer.submit(self._settle, queue, (queue, settlements, now, strict))

    def _settle(self, batches: Sequence[_Settlements]) -> list[list[Settled]]:
        """Several callers' settlements in one queue."""
        queue = batches[0][0]
        tally = self.tallies.find(queue)
        if tally is None:
            return [["gone"] * len(settlements) for _, settlements, _, _ in batches]
        named = [[sequence_in(receipt) for receipt, _ in settlements] for _, settlements, _, _ in batches]
        claims = self._claims(tally.n, [sequence for sequences in named for sequence in sequences])
        deleted: list[int] = []
        hidden: dict[int, int] = {}
        answers: list[list[Settled]] = []
        for (_, settlements, now, strict), sequences in zip(batches, named, strict=True):
            answer: list[Settled] = []
            for (receipt, visible), sequence in zip(settlements, sequences, strict=True):
                claim = claims.get(sequence)
                if claim is None:
                    answer.append("gone")
                elif claim[0] != receipt or (claim[1] <= now and (strict or visible is not None)):
                    answer.append("expired")
                else:
                    answer.append("done")
                    if visible is None:
                        del claims[sequence]
                        deleted.append(sequence)
                    else:
                        claims[sequence] = (receipt, visible)
                        hidden[sequence] = visible
            answers.append(answer)
        for sequence, visible in hidden.items():
            self._connection.execute(statement("queues", "hide_again", tally.n), (visible, sequence))
        self._delete(queue, tally.n, deleted)
        return answers

    def _claims(self, n: int, sequences: Sequence[int]) -> dict[int, tuple[str | None, int]]:
        """Of messages that were claimed: the receipt of the last claim and when the message is visible again."""
        found: dict[int, tuple[str | None, int]] = {}
        for text, some in in_lists(statement("queues", "claimed", n), sequences):
            for sequence, receipt, visible in fetch(self._connection, text, some):
                found[sequence] = receipt, visible
        return found

    # Moving and clearing

    async def move(self, source: str, destination: str, limit: int, now: int, received: int | None = None) -> int:
        return await self._writer.run(partial(self._move, source, destination, limit, now, received))

    def _move(self, source: str, destination: str, limit: int, now: int, received: int | None) -> int:
        tally = self.tallies.find(source)
        if tally is None:
            return 0
        if received is not None:
            dead = fetch(self._connection, statement("queues", "worn", tally.n), (now, received, limit))
            if dead:
                self._bury(source, tally.n, destination, now, dead, True)
            return len(dead)
        rows = fetch(self._connection, statement("queues", "movable", tally.n), (now, limit))
        moved = [
            NewMessage(id, body, now, now, attributes, group, dedup) for _, id, body, attributes, group, dedup in rows
        ]
        if rows:
            self._delete(source, tally.n, [row[0] for row in rows])
            self._put(destination, moved)
        return len(rows)

    async def purge(self, queue: str, sent_before: int | None = None) -> int:
        if sent_before is None:
            return await self._writer.run(partial(self._purge, queue))
        gone = 0
        while count := await self._writer.run(partial(self._expire, queue, sent_before)):
            gone += count
        return gone

    def _purge(self, queue: str) -> int:
        tally = self.tallies.find(queue)
        if tally is None:
            return 0
        self._connection.execute(statement("queues", "purge", tally.n))
        self._connection.execute(statement("queues", "release_all", tally.n))
        self._connection.execute(statement("queues", "purge_dedup"), (tally.n,))
        self.tallies.gone(queue, tally.total)
        self.crowds.forget(queue)
        return tally.total

    def _expire(self, queue: str, sent_before: int) -> int:
        """A few of the messages sent before that time; how many."""
        tally = self.tallies.find(queue)
        if tally is None:
            return 0
        rows = fetch(self._connection, statement("queues", "expired", tally.n), (sent_before, _EXPIRE_ROWS))
        self._delete(queue, tally.n, [row[0] for row in rows])
        return len(rows)

    async def counts(self, queue: str, now: int) -> Counts:
        if self.tallies.total(queue) is None:
            await self._writer.run(partial(self.tallies.find, queue))

        def work(connection: apsw.Connection) -> Counts:
            n, total = _number(connection, queue), self.tallies.total(queue)
            if n is None or not total:
                return Counts(0, 0, 0)
            hidden, claimed = fetch(connection, statement("queues", "hidden", n), (now,))[0]
            oldest = fetch(connection, statement("queues", "oldest", n))
            # The snapshot and the total may be one commit apart.
            return Counts(max(total - hidden, 0), claimed, hidden - claimed, oldest[0][0] if oldest else None)

        return await self._reader.run(work)


def _number(connection: apsw.Connection, queue: str) -> int | None:
    rows = fetch(connection, statement("queues", "find"), (queue,))
    return rows[0][0] if rows else None


def _merged(returned: Sequence[Any], new: list[Any], limit: int) -> list[Any]:
    """What came back and what was never claimed, merged by when each could be had first; the never claimed always in
    the order of their sequence numbers."""
    if not returned:
        return new
    found: list[Any] = []
    i = j = 0
    while len(found) < limit and (i < len(returned) or j < len(new)):
        if j == len(new) or (i < len(returned) and returned[i][9] <= new[j][9]):
            found.append(returned[i])
            i += 1
        else:
            found.append(new[j])
            j += 1
    return found
