"""What a function's batch response says: which records failed, or that nobody can tell."""

from __future__ import annotations

import pytest

from eventyard.errors import TryAgain
from eventyard.server.mappings import failures

KEYS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("answer", "of_a_queue", "of_a_stream"),
    [
        (b"null", [], []),
        (b"{}", [], []),
        (b'{"batchItemFailures": []}', [], []),
        (b'{"batchItemFailures": null}', [], []),
        (b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', ["b"], ["b", "c"]),
        (b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}]}', ["b", "c"], ["b", "c"]),
    ],
)
def test_a_queue_gets_back_what_is_named_and_a_stream_what_is_behind_it(
    answer: bytes, of_a_queue: list[str], of_a_stream: list[str]
) -> None:
    assert list(failures(answer, KEYS, False)) == of_a_queue
    assert list(failures(answer, KEYS, True)) == of_a_stream


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b'"a text"',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"item": "a"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "of another batch"}]}',
    ],
)
def test_what_can_not_be_understood_fails_the_whole_batch(answer: bytes) -> None:
    with pytest.raises(TryAgain):
        failures(answer, KEYS, False)
