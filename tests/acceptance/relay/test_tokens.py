"""Where requests must be signed, a connection shows a token, and sees its own account's buses only."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.exceptions import ConnectionClosed

from eventyard.clock import ManualClock, SystemClock
from eventyard.errors import Forbidden
from eventyard.relay import Tokens
from eventyard.relay.tokens import LIFE
from eventyard.server.serve import listen, run_app
from eventyard.server.server import Server
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from tests.acceptance.cli.test_cli import running

from .talk import Talk
from .test_relay import assert_closed

KEYS = {
    "AKIAOURS": {"secret": "our-secret-of-some-length", "account": "111111111111"},
    "AKIATHEIRS": {"secret": "their-secret-of-some-length", "account": "222222222222"},
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("signed")
    (home / "keys.json").write_text(json.dumps(KEYS))
    options = ("--port", "0", "--data", str(home / "data"), "--credentials", str(home / "keys.json"))
    with running("serve", *options) as process:
        yield json.loads(process.line_with('"serving"'))["url"]


def token(url: str, key: str) -> str:
    request = AWSRequest(
        "POST", f"{url}/_eventyard/relay/token", data=b"", headers={"Content-Type": "application/json"}
    )
    SigV4Auth(Credentials(key, KEYS[key]["secret"]), "events", "us-east-1").add_auth(request)
    signed = request.prepare()
    asked = urllib.request.Request(signed.url, b"", dict(signed.headers.items()), method="POST")
    with urllib.request.urlopen(asked) as answer:
        found: dict[str, Any] = json.load(answer)
    return str(found["token"])


def test_without_a_token_there_is_nothing_to_see(url: str) -> None:
    for hello in ({}, {"token": "bm8="}, {"token": "é"}, {"account": "111111111111"}):
        with Talk(url) as talk:
            talk.say(type="hello", version=1, **hello)
            assert_closed(talk, 4401, "token")


def test_a_token_opens_its_own_accounts_buses_and_no_others(url: str) -> None:
    with Talk(url, {"token": token(url, "AKIAOURS")}) as talk:
        assert talk.welcome["account"] == "111111111111"
        assert talk.subscribe()["bus"] == "arn:aws:events:us-east-1:111111111111:event-bus/default"
        talk.say(type="subscribe", id="theirs", bus="arn:aws:events:us-east-1:222222222222:event-bus/default")
        assert talk.hear("error")["code"] == "AccessDeniedException"


def test_a_token_ends_after_five_minutes() -> None:
    clock = ManualClock()
    tokens = Tokens(clock)
    text, until = tokens.make("111111111111", "us-east-1")
    assert until == clock.now() + 300_000
    assert tokens.read(text) == ("111111111111", "us-east-1")
    clock._now += 300_001
    with pytest.raises(Forbidden, match="expired"):
        tokens.read(text)


def test_a_token_of_another_process_is_none() -> None:
    text, _ = Tokens(ManualClock()).make("111111111111", "us-east-1")
    with pytest.raises(Forbidden, match="not one of this server"):
        Tokens(ManualClock()).read(text)


async def test_a_connection_with_an_expired_token_is_closed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(KEYS))
    settings, clock = Settings(port=0, credentials=tmp_path / "keys.json"), ManualClock(SystemClock().now())
    store = await open_memory()
    app = Server(settings, store, clock)
    await app.start()
    stopping, serving = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(run_app(app, listen("127.0.0.1", 0), stopping, app.leave, serving.set_result))
    try:
        url = await serving
        shown = await asyncio.to_thread(token, url, "AKIAOURS")
        await asyncio.to_thread(_greet, url, shown)
        await clock.advance(LIFE + 1)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.to_thread(_greet, url, shown)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        assert "expired" in closed.value.rcvd.reason
    finally:
        stopping.set()
        await running
        await app.close()
        await store.close()


def _greet(url: str, shown: str) -> None:
    with Talk(url, {"token": shown}) as talk:
        assert talk.welcome["account"] == "111111111111"
