"""Which groups of a standard queue are noisy: those that have so many messages out that others should come first.

Source: SQS developer guide, "How Amazon SQS fair queues work". Of its two measures this is the concurrency share. A
group is quiet again as soon as it falls below it.
"""

from __future__ import annotations

from collections.abc import Mapping

#: In flight of one group at least, and the part of all in flight that they must be more than.
_FEWEST, _PART = 30, 10


def noisy_groups(in_flight: Mapping[str, int], total: int) -> dict[str, int]:
    """Those of the groups of ``in_flight`` (claimed messages by group) that are noisy, with theirs. ``total``: all
    claimed messages of the queue, those without a group too."""
    return {group: count for group, count in in_flight.items() if count >= _FEWEST and count * _PART > total}
