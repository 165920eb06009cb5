"""What an answer means."""

from __future__ import annotations

import pytest

from eventyard.target import DELIVERED, Permanent, Retry
from eventyard.targets.http.answer import Answer
from eventyard.targets.http.outcome import outcome_of, retry_after

NOW = 1_700_000_000_000  # Tue, 14 Nov 2023 22:13:20 GMT


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_success_is_delivered(status: int) -> None:
    assert outcome_of(answer(status), NOW, ()) is DELIVERED


@pytest.mark.parametrize("status", [401, 407, 409, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert isinstance(outcome_of(answer(status), NOW, ()), Retry)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 403, 404, 405, 408, 410, 413, 422])
def test_what_will_not_pass_is_permanent(status: int) -> None:
    assert isinstance(outcome_of(answer(status), NOW, ()), Permanent)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 2.5 ", 2.5),
        ("-1", -1.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_the_wait_that_was_asked_for_is_handed_on() -> None:
    outcome = outcome_of(answer(429, retry_after="17"), NOW, ())
    assert isinstance(outcome, Retry)
    assert (outcome.code, outcome.after) == ("THROTTLING", 17.0)


def test_a_negative_wait_ends_retrying() -> None:
    assert isinstance(outcome_of(answer(503, retry_after="-1"), NOW, ()), Permanent)


def test_the_message_has_the_status_and_the_first_bytes_on_one_line() -> None:
    outcome = outcome_of(answer(500, b"down\r\nfor \x1b[31mrepairs " + b"x" * 5000), NOW, ())
    assert isinstance(outcome, Retry)
    assert outcome.message.startswith("Unable to invoke ApiDestination endpoint: status 500 Internal Server Error: ")
    assert "down  for  [31mrepairs" in outcome.message
    assert outcome.message.isprintable()
    assert len(outcome.message) < 300


def test_secrets_that_an_answer_repeats_are_not_shown() -> None:
    outcome = outcome_of(answer(400, b"you sent s3cr/et and s3cr%2Fet"), NOW, ("s3cr/et",))
    assert isinstance(outcome, Permanent)
    assert "s3cr" not in outcome.message
    assert "you sent *** and ***" in outcome.message


def test_an_encoded_body_is_not_shown() -> None:
    outcome = outcome_of(answer(500, b"\x1f\x8b\x08", content_encoding="gzip"), NOW, ())
    assert isinstance(outcome, Retry)
    assert outcome.message.endswith("with an encoded body")
