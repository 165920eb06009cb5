"""However a stack was before, applying another one and pruning ends where applying that one alone ends."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.resource import Reference, Resource, Stack
from eventyard.stacks import KINDS
from tests.acceptance.server import Server, new_account
from tests.acceptance.stacks.driver import PLACE, Driver

_NAMES = ("a", "b")


def _some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


_BUSES = _some(Description=st.sampled_from(["one", "two"]), Tags=st.sampled_from([[], [{"Key": "k", "Value": "v"}]]))
_QUEUES = _some(VisibilityTimeout=st.sampled_from([5, 60]), DelaySeconds=st.just(3), MessageRetentionPeriod=st.just(99))
_TOPICS = _some(DisplayName=st.sampled_from(["One", "Two"]))
_RULES = _some(
    Description=st.just("a rule"),
    State=st.sampled_from(["ENABLED", "DISABLED"]),
    EventPattern=st.sampled_from([{"source": ["x"]}, {"source": ["y"], "detail": {"a": [1]}}]),
    Targets=st.sets(st.sampled_from(["queue", "topic"]), max_size=2),
)
_ARCHIVES = _some(RetentionDays=st.sampled_from([1, 2]), EventPattern=st.just({"source": ["x"]}))
_SUBSCRIPTIONS = _some(FilterPolicy=st.sampled_from([{"a": [1]}, {"a": ["1"]}]), RawMessageDelivery=st.booleans())


@st.composite
def _stacks(draw: st.DrawFn) -> Stack:
    made: dict[str, tuple[str, dict[str, Any]]] = {}
    for section, type, forms in (
        ("bus", "AWS::Events::EventBus", _BUSES),
        ("queue", "AWS::SQS::Queue", _QUEUES),
        ("topic", "AWS::SNS::Topic", _TOPICS),
    ):
        for name in draw(st.sets(st.sampled_from(_NAMES), max_size=2)):
            made[f"{section}{name}"] = (type, draw(forms))
    there = sorted(made)
    for name in draw(st.sets(st.sampled_from(_NAMES), max_size=2)):
        given = {"EventPattern": {"source": ["z"]}, **draw(_RULES)}
        wanted = given.pop("Targets", set())
        targets = [id for id in there if id[:-1] in wanted]
        given["Targets"] = [{"Id": id, "Arn": Reference(id, "TopicArn" if id[0] == "t" else "Arn")} for id in targets]
        bus = draw(st.sampled_from([None, *(id for id in there if id.startswith("bus"))]))
        made[f"rule{name}"] = ("AWS::Events::Rule", given | ({"EventBusName": Reference(bus, "Ref")} if bus else {}))
    buses, topics, queues = ([id for id in there if id.startswith(what)] for what in ("bus", "topic", "queue"))
    if buses and draw(st.booleans()):
        made["archive"] = (
            "AWS::Events::Archive",
            {"SourceArn": Reference(draw(st.sampled_from(buses)), "Arn"), **draw(_ARCHIVES)},
        )
    if topics and queues and draw(st.booleans()):
        ends = {"TopicArn": Reference(draw(st.sampled_from(topics)), "Ref"), "Protocol": "sqs"}
        ends["Endpoint"] = Reference(draw(st.sampled_from(queues)), "Arn")
        made["subscription"] = ("AWS::SNS::Subscription", ends | draw(_SUBSCRIPTIONS))
    order = draw(st.permutations(sorted(made)))
    return Stack("s", tuple(Resource(id, *made[id], PLACE) for id in order))


def _there(driver: Driver) -> tuple[Any, ...]:
    """All that is in the account, whoever made it, but for what differs from account to account."""
    found: dict[str, Any] = {}
    for id, entry in driver.record("s")[0].resources.items():
        assert entry.key is not None
        state = KINDS[entry.type].read(driver.site, entry.key, frozenset({"Tags"} if "EventBus" in entry.type else ()))
        assert state is not None
        plain = KINDS[entry.type].normal(state.properties)
        others = {name for name in plain if name.endswith(("Time", "Timestamp", "Url", "Arn")) and name != "SourceArn"}
        found[id] = {name: value for name, value in plain.items() if name not in others}
    text = repr(sorted((id, sorted(each.items(), key=str)) for id, each in found.items()))
    buses = [each["Name"] for each in driver.call("events", "ListEventBuses")["EventBuses"]]
    rules = {
        bus: [each["Name"] for each in driver.call("events", "ListRules", EventBusName=bus)["Rules"]] for bus in buses
    }
    queues = sorted(url.rpartition("/")[2] for url in driver.call("sqs", "ListQueues").get("QueueUrls", []))
    topics = sorted(each["TopicArn"].rpartition(":")[2] for each in driver.call("sns", "ListTopics")["Topics"])
    archives = [each["ArchiveName"] for each in driver.call("events", "ListArchives")["Archives"]]
    subscriptions = len(driver.call("sns", "ListSubscriptions")["Subscriptions"])
    return text.replace(driver.site.account, "ACCOUNT"), buses, rules, queues, topics, archives, subscriptions


@given(before=_stacks(), after=_stacks())
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_way_does_not_matter(
    server: Server, session: botocore.session.Session, before: Stack, after: Stack
) -> None:
    ends = []
    for way in ([before, after], [after]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", new_account())
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            driver = Driver(server.url, session)
            try:
                for each in way:
                    outcome = driver.apply(each, prune=True)
                    assert outcome.well, outcome.failed
                assert not driver.plan(after, prune=True).changing
                ends.append(_there(driver))
            finally:
                driver.site.close()
    assert ends[0] == ends[1]
