"""The commands on targets outside, as they are typed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.acceptance.cli.test_cli import one_sentence, run
from tests.acceptance.outside.conftest import Yard


def test_a_target_is_added_tried_shown_listed_and_removed(yard: Yard, nats: Any, tmp_path: Path) -> None:
    name = f"typed{yard.account}"
    asyncio.run(nats.make(name, [f"{name}.>"]))
    where = ("--endpoint", yard.server.url)
    who = {"AWS_ACCESS_KEY_ID": yard.account}
    (tmp_path / "word").write_text("hush\n")
    arn = f"arn:aws:events:us-east-1:{yard.account}:target/lots"

    none = run("targets", "list", *where, environment=who)
    assert "There is no target." in none.stdout
    added = run(
        "targets", "add", "lots", "nats", f"url={nats.url}", f"subject={name}.<$.source>", "jetstream=true",
        "user=anna", f"password=@{tmp_path / 'word'}", *where, environment=who,
    )  # fmt: skip
    assert (added.stdout, added.returncode) == (f"{arn}\n", 0), added.stderr
    tried = run("targets", "test", "lots", "--event", '{"vin": "VIN1"}', *where, environment=who)
    assert tried.stdout.startswith("Delivered: event "), tried.stderr
    [(_, data, _)] = asyncio.run(nats.messages(name))
    assert json.loads(data)["detail"] == {"vin": "VIN1"}

    shown = run("targets", "show", "lots", *where, environment=who).stdout
    assert "password    ***" in shown
    assert "1 delivered, 0 to be tried again, 0 refused" in shown
    assert "hush" not in shown
    assert arn in run("targets", "list", *where, environment=who).stdout
    assert run("targets", "remove", "lots", *where, environment=who).stdout == f"{arn} is gone.\n"
    assert "does not exist" in one_sentence(run("targets", "show", "lots", *where, environment=who))


def test_the_kind_says_whether_a_setting_is_a_number_or_a_text(yard: Yard) -> None:
    where, who = ("--endpoint", yard.server.url), {"AWS_ACCESS_KEY_ID": yard.account}

    def add(*settings: str) -> dict[str, Any]:
        added = run("targets", "add", "typed", *settings, *where, environment=who)
        assert added.returncode == 0, added.stderr
        return dict(yard.page("GET", "/typed")["settings"])

    redis = {"url": "redis://127.0.0.1:1", "stream": "2026", "max_length": 1_000, "password": "***"}
    given = ("redis", "url=redis://127.0.0.1:1", "stream=2026", "max_length=1000")
    assert add(*given, "password=0123") == redis
    assert add(*given, "password=null") == {name: value for name, value in redis.items() if name != "password"}
    assert add("nats", "url=nats://h", "subject=true", "jetstream=false") == {
        "url": "nats://h", "subject": "true", "jetstream": False
    }  # fmt: skip
    assert add("kafka", 'brokers=["127.0.0.1:1"]', "topic=[lots]") == {"brokers": ["127.0.0.1:1"], "topic": "[lots]"}
    keys = ("access_key_id=0012", "secret_access_key=12")
    assert add("aws", "account=111122223333", *keys)["account"] == "111122223333"
    wrong = run("targets", "add", "typed", *given, "database=one", *where, environment=who)
    assert "Expected `int`, got `str`, in `database`" in one_sentence(wrong)


def test_what_does_not_arrive_ends_with_status_1_and_the_reason(yard: Yard) -> None:
    where, who = ("--endpoint", yard.server.url), {"AWS_ACCESS_KEY_ID": yard.account}
    run("targets", "add", "away", "redis", "url=redis://127.0.0.1:1", "stream=s", *where, environment=who)
    tried = run("targets", "test", "away", *where, environment=who)
    assert tried.returncode == 1
    assert "Not delivered: CONNECTION_FAILURE: no connection to 127.0.0.1:1" in tried.stderr
    wrong = run("targets", "add", "away", "redis", "url=redis://127.0.0.1:1", "colour=red", *where, environment=who)
    assert "unknown field `colour`" in one_sentence(wrong)
    wrong = run("targets", "add", "away", "redis", "url", *where, environment=who)
    assert "A setting is name=value" in one_sentence(wrong)
