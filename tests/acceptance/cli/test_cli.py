"""The command line, as a person uses it: real processes, their output and how they end."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

EVENTYARD = [sys.executable, "-m", "eventyard"]
NOBODY = "http://127.0.0.1:9"
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def run(
    *args: str, stdin: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = ENVIRONMENT | dict(environment or {})
    return subprocess.run([*EVENTYARD, *args], capture_output=True, text=True, timeout=120, input=stdin, env=env)


class Process:
    """A command that goes on, and its lines as they come."""

    def __init__(self, *args: str, environment: Mapping[str, str] | None = None) -> None:
        env = ENVIRONMENT | dict(environment or {})
        self.process = subprocess.Popen(
            [*EVENTYARD, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line_with(self, text: str, seconds: float = 20) -> str:
        """The next line that has ``text`` in it."""
        return self.lines_until(text, seconds)[-1]

    def lines_until(self, text: str, seconds: float = 20) -> list[str]:
        """All lines up to the one that has ``text`` in it."""
        lines = [self._lines.get(timeout=seconds)]
        while text not in lines[-1]:
            lines.append(self._lines.get(timeout=seconds))
        return lines

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its status after the signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(20)
        self._reader.join()
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))


@contextmanager
def running(*args: str, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    process = Process(*args, environment=environment)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def server(*args: str) -> Iterator[str]:
    with running("dev", "--port", "0", *args) as process:
        yield process.line_with("AWS_ENDPOINT_URL=").rpartition("=")[2]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as endpoint:
        yield endpoint


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a refused command says: status 1, no traceback, nothing on standard output."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("eventyard: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_demo_tells_the_story_and_ends_with_status_0() -> None:
    done = run("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every service received exactly what it should" in done.stdout
    assert "NO_RESOURCE" in done.stdout
    assert "expected numeric > 20000, but the event has" in done.stdout
    assert "\x1b" not in done.stdout


def test_demo_stays_up_until_it_is_told_to_stop() -> None:
    with running("demo") as demo:
        url = demo.line_with("AWS_ENDPOINT_URL=", seconds=90).rpartition("=")[2]
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            assert answer.status == 200
        assert demo.stop(signal.SIGINT) == 0
    with pytest.raises(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=5):
        pass


def test_no_other_address_than_loopback_without_credentials(tmp_path: Path) -> None:
    said = one_sentence(run("serve", "--host", "0.0.0.0", "--data", str(tmp_path / "data")))
    assert "--credentials FILE" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("keys.json", '{"AKIAEXAMPLE": {"secret": "sixteen-letters-", "account": "123456789012"}}'),
        ("keys.toml", '[AKIAEXAMPLE]\nsecret = "sixteen-letters-"\naccount = "123456789012"\n'),
    ],
    ids=["json", "toml"],
)
def test_credentials_come_from_json_or_toml(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    options = ("--port", "0", "--data", str(tmp_path / "data"), "--credentials", str(tmp_path / name))
    with running("serve", *options) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        said = one_sentence(run("explain", "rule", "{}", "--endpoint", url))
        assert "The security token included in the request is invalid." in said


def test_useless_credentials_are_refused(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    for text in ("{}", "not JSON", '{"AKIAEXAMPLE": {"secret": "short", "account": "123456789012"}}'):
        keys.write_text(text)
        assert str(keys) in one_sentence(run("serve", "--credentials", str(keys), "--data", str(tmp_path / "data")))
    assert "No such file" in one_sentence(run("serve", "--credentials", str(tmp_path / "absent")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_ends_with_status_0_when_told_to_stop(tmp_path: Path, number: int) -> None:
    with running("serve", "--port", "0", "--data", str(tmp_path)) as process:
        process.line_with('"serving"')
        assert process.stop(number) == 0


def test_two_servers_cannot_share_a_data_directory(tmp_path: Path) -> None:
    with server("--data", str(tmp_path)) as url:
        said = one_sentence_of_last_line(run("serve", "--port", "0", "--data", str(tmp_path)))
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            assert answer.status == 200
    assert str(tmp_path) in said


def one_sentence_of_last_line(done: subprocess.CompletedProcess[str]) -> str:
    """As :func:`one_sentence`, after lines of the log."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = one_sentence(run("serve", "--port", port, "--data", str(tmp_path / "data")))
    assert port in said
    assert "--port" in said


def test_put_publishes_what_tail_shows(url: str, tmp_path: Path) -> None:
    (tmp_path / "detail.json").write_text('{"vrm":  "AB12 CDE"}')
    with running("tail", "--json", "--since", "60", "--endpoint", url) as tail:
        for source, detail, stdin in (
            ("uk.co.cars.a", '{"n": 1.0}', None),
            ("uk.co.cars.b", f"@{tmp_path / 'detail.json'}", None),
            ("uk.co.cars.c", "-", '{"from": "stdin"}'),
        ):
            done = run("put", source, "LotSelected", detail, "--endpoint", url, stdin=stdin)
            assert done.returncode == 0, done.stderr
            line = tail.line_with(source)
            assert json.loads(line)["id"] == done.stdout.strip()
            if stdin is None and detail.startswith("@"):
                assert '{"vrm":  "AB12 CDE"}' in line, "the producer's own text, not a re-serialisation"
        assert tail.stop(signal.SIGINT) == 0


def test_tail_shows_only_what_its_pattern_matches(url: str) -> None:
    pattern = '{"detail": {"amount": [{"numeric": [">", 5]}]}}'
    with running("tail", "--pattern", pattern, "--since", "60", "--endpoint", url) as tail:
        for amount in (1, 9):
            run("put", "uk.co.cars.tail", "PaymentFailed", f'{{"amount": {amount}}}', "--endpoint", url)
        line = tail.line_with("PaymentFailed")
        assert '{"amount":9}' in line
        assert "\x1b" not in line


@pytest.mark.parametrize("durable", [True, False])
def test_tail_goes_on_after_a_restart_without_gap_or_repetition(tmp_path: Path, durable: bool) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    where = ("dev", "--port", port, *(("--data", str(tmp_path)) if durable else ()))
    url = f"http://127.0.0.1:{port}"
    with running(*where) as first:
        first.line_with("AWS_ENDPOINT_URL=")
        tail = Process("tail", "--json", "--since", "60", "--endpoint", url)
        try:
            run("put", "before", "X", "{}", "--endpoint", url)
            tail.line_with('"before"')
            first.stop()
            with running(*where) as second:
                second.line_with("AWS_ENDPOINT_URL=")
                run("put", "after", "X", "{}", "--endpoint", url)
                seen = tail.lines_until('"after"')
        finally:
            assert tail.stop(signal.SIGINT) == 0
    assert not [line for line in seen if '"before"' in line]


def test_explain_says_why(url: str) -> None:
    import botocore.session

    events = botocore.session.get_session().create_client(
        "events",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    events.put_rule(Name="expensive", EventPattern='{"detail": {"amount": [{"numeric": [">", 20000]}]}}')
    cheap = run("explain", "expensive", '{"detail": {"amount": 9500}}', "--endpoint", url)
    assert cheap.returncode == 2
    assert cheap.stdout == "detail.amount: expected numeric > 20000, but the event has 9500\n"
    dear = run("explain", "expensive", '{"detail": {"amount": 25000}}', "--endpoint", url)
    assert dear.returncode == 0
    assert "does not exist" in one_sentence(run("explain", "absent", "{}", "--endpoint", url))
    assert "not JSON" in one_sentence(run("explain", "expensive", "{", "--endpoint", url))


@pytest.mark.parametrize(
    "command", [("put", "a", "B", "{}"), ("tail",), ("explain", "rule", "{}")], ids=lambda command: command[0]
)
def test_where_nobody_answers_the_command_says_how_to_start_a_server(command: tuple[str, ...]) -> None:
    assert "Start one with `eventyard dev`" in one_sentence(run(*command, "--endpoint", NOBODY))
    assert "http://127.0.0.1:4010" in one_sentence(run(*command, "--endpoint", "nonsense"))


def test_what_the_server_refuses_is_told_in_its_words(url: str, tmp_path: Path) -> None:
    assert "does not exist" in one_sentence(run("put", "a", "B", "{}", "--bus", "absent", "--endpoint", url))
    assert "MalformedDetail" in one_sentence(run("put", "a", "B", "not JSON", "--endpoint", url))
    assert "absent.json" in one_sentence(run("put", "a", "B", f"@{tmp_path / 'absent.json'}", "--endpoint", url))
    assert "does not exist" in one_sentence(run("tail", "--bus", "absent", "--endpoint", url))
    assert "Event pattern is not valid" in one_sentence(run("tail", "--pattern", "{", "--endpoint", url))


def test_help_does_not_load_what_it_does_not_need() -> None:
    code = "import sys, eventyard.cli; print([name for name in ('botocore', 'uvicorn', 'apsw') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_explain_finds_the_nearest_rules_of_an_event_and_the_nearest_events_of_a_rule(url: str) -> None:
    events = boto3.client(
        "events",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    events.create_event_bus(Name="near")
    for name, pattern in {
        "cheap": {"source": ["cars"], "detail": {"price": [{"numeric": ["<", 5000]}], "colour": ["red", "blue"]}},
        "boats": {"source": ["boats"], "detail": {"price": [{"numeric": ["<", 5000]}], "colour": ["white"]}},
        "every": {"source": ["cars"]},
    }.items():
        events.put_rule(Name=name, EventBusName="near", EventPattern=json.dumps(pattern))
    done = run("put", "cars", "CarSold", '{"price": 4000, "colour": "green"}', "--bus", "near", "--endpoint", url)
    event_id = next(word for word in done.stdout.split() if word.count("-") == 4)
    events.close()

    near = run("explain", "--event", event_id, "--bus", "near", "--endpoint", url).stdout.splitlines()
    assert [line.split()[0] for line in near[1:]] == ["every", "cheap", "boats"]
    assert 'would match if detail.colour were "red" or "blue"' in near[2]
    assert "1 of 3 hold" in near[3]

    misses = run("explain", "--rule", "cheap", "--bus", "near", "--endpoint", url)
    assert "0 of the newest 1 events match." in misses.stdout
    assert 'would match if detail.colour were "red" or "blue"' in misses.stdout

    one = run("explain", "cheap", event_id, "--bus", "near", "--endpoint", url)
    assert one.returncode == 2
    assert "detail.colour" in one.stdout
    assert "Name a rule" in one_sentence(run("explain", "--endpoint", url))
    gone = run("explain", "cheap", "0193f4a1-0000-7000-8000-000000000000", "--bus", "near", "--endpoint", url)
    assert "has no event" in one_sentence(gone)


def test_tail_shows_rules_and_what_goes_wrong(url: str) -> None:
    client = {"endpoint_url": url, "region_name": "us-east-1", "aws_access_key_id": "test"}
    events = boto3.client("events", aws_secret_access_key="test", **client)
    events.create_event_bus(Name="tailed")
    events.put_rule(Name="finance", EventBusName="tailed", EventPattern='{"detail-type": ["PaymentFailed"]}')
    gone = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:never-made"}
    events.put_targets(Rule="finance", EventBusName="tailed", Targets=[gone])
    with running("tail", "--bus", "tailed", "--since", "1m", "--endpoint", url) as tail:
        run("put", "cars", "LotSelected", "--bus", "tailed", "--endpoint", url)
        assert tail.line_with("LotSelected").endswith("no rule")
        run("put", "cars", "PaymentFailed", "--bus", "tailed", "--endpoint", url)
        assert tail.line_with("PaymentFailed").endswith("-> finance")
        line = tail.line_with("dropped")
        assert "tailed/finance#1" in line
        assert "NO_RESOURCE" in line
    events.close()
    assert "--since is a time ago" in one_sentence(run("tail", "--since", "soon", "--endpoint", url))


def test_events_with_line_breaks_between_their_tokens_have_one_line_each(url: str) -> None:
    events = boto3.client(
        "events",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    events.create_event_bus(Name="broken-lines")
    entry = {"Source": "cars", "DetailType": "CarSold", "Detail": '{\n  "n":\r\n 1\n}', "EventBusName": "broken-lines"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    events.close()
    with running("tail", "--json", "--since", "1m", "--bus", "broken-lines", "--endpoint", url) as tail:
        assert json.loads(tail.line_with("CarSold"))["detail"] == {"n": 1}
    asked = (
        "replay",
        "--where",
        '{"source": ["cars"]}',
        "--since",
        "1h",
        "--bus",
        "broken-lines",
        "--dry-run",
        "--endpoint",
        url,
    )
    assert run(*asked).returncode == 0
