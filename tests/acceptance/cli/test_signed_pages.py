"""With credentials, the server's own pages are for those who sign, and show each account its own events only."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.acceptance.cli.test_cli import one_sentence, run, running

OURS = {"AWS_ACCESS_KEY_ID": "AKIAOURS", "AWS_SECRET_ACCESS_KEY": "our-secret-of-some-length"}
THEIRS = {"AWS_ACCESS_KEY_ID": "AKIATHEIRS", "AWS_SECRET_ACCESS_KEY": "their-secret-of-some-length"}
FORGED = OURS | {"AWS_SECRET_ACCESS_KEY": "a-guess-of-sixteen-letters"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("signed")
    keys = {
        "AKIAOURS": {"secret": OURS["AWS_SECRET_ACCESS_KEY"], "account": "111111111111"},
        "AKIATHEIRS": {"secret": THEIRS["AWS_SECRET_ACCESS_KEY"], "account": "222222222222"},
    }
    (home / "keys.json").write_text(json.dumps(keys))
    options = ("--port", "0", "--data", str(home / "data"), "--credentials", str(home / "keys.json"))
    with running("serve", *options) as process:
        yield json.loads(process.line_with('"serving"'))["url"]


@pytest.fixture(scope="module")
def event(url: str) -> str:
    """The id of an event on our default bus."""
    done = run("put", "cars", "LotSelected", '{"n": 1}', "--endpoint", url, environment=OURS)
    assert done.returncode == 0, done.stderr
    return next(word for word in done.stdout.split() if word.count("-") == 4)


def test_the_owner_of_an_event_is_told_its_story(url: str, event: str) -> None:
    done = run("event", event, "--endpoint", url, environment=OURS)
    assert done.returncode == 0, done.stderr
    assert "LotSelected" in done.stdout


def test_another_account_does_not_learn_that_the_event_exists(url: str, event: str) -> None:
    assert "No event" in one_sentence(run("event", event, "--endpoint", url, environment=THEIRS))


def test_another_accounts_bus_is_not_shown(url: str, event: str) -> None:
    bus = "arn:aws:events:us-east-1:111111111111:event-bus/default"
    asked = ("replay", "--event", event, "--bus", bus, "--dry-run", "--endpoint", url)
    assert run(*asked, environment=OURS).returncode == 0
    assert "No event" in one_sentence(run(*asked, environment=THEIRS))
    where = ("replay", "--where", "{}", "--since", "1h", "--bus", bus, "--dry-run", "--endpoint", url)
    assert "may not look at" in one_sentence(run(*where, environment=THEIRS))


def test_a_wrong_secret_is_refused(url: str, event: str) -> None:
    assert "signature" in one_sentence(run("event", event, "--endpoint", url, environment=FORGED))


@pytest.mark.parametrize("page", ["fates", "tail", "events", "story?event=x"])
def test_without_a_signature_nothing_is_shown(url: str, page: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{url}/_eventyard/{page}", timeout=5)
    with refused.value as answer:
        said: dict[str, Any] = json.load(answer)
    assert (answer.code, said["code"]) == (403, "MissingAuthenticationTokenException")


def test_health_and_metrics_stay_open(url: str) -> None:
    for page in ("healthz", "readyz", "metrics"):
        with urllib.request.urlopen(f"{url}/{page}", timeout=5) as answer:
            assert answer.status == 200
