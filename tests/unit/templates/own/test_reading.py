"""``eventyard.yml``: what its short forms stand for, and what is found in a file that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.resource import Join, Reference, Stack
from eventyard.templates.own import read_own


def _read(text: str, **given: Any) -> Stack:
    stack, found = read_own([("here/eventyard.yml", text)], "s", **given)
    assert stack is not None, [str(each) for each in found]
    assert not found
    return stack


def _one(text: str, id: str, **given: Any) -> dict[str, Any]:
    return next(dict(each.properties) for each in _read(text, **given).resources if each.id == id)


def _found(text: str, **given: Any) -> list[str]:
    stack, found = read_own([("eventyard.yml", text)], "s", **given)
    assert stack is None
    return [f"{each.line}:{each.column} {each.rule} {each.message}" for each in found]


def test_a_rule_is_a_rule_with_targets() -> None:
    text = """\
buses: {cars: }
queues: {finance: , dead: }
rules:
  expensive:
    bus: cars
    events: PurchaseApproved
    source: [buying, selling]
    pattern: {detail: {amount: [{numeric: [">", 20000]}]}}
    targets:
      queue: finance
      retries: 3
      dead_letters: dead
      transform: {paths: {vrm: $.detail.vrm}, template: '"<vrm>"'}
"""
    assert _one(text, "rules.expensive") == {
        "Name": "expensive",
        "EventBusName": Reference("buses.cars", "Ref"),
        "EventPattern": {
            "detail": {"amount": [{"numeric": [">", 20000]}]},
            "detail-type": ["PurchaseApproved"],
            "source": ["buying", "selling"],
        },
        "Targets": [
            {
                "Id": "queue-finance",
                "Arn": Reference("queues.finance", "Arn"),
                "InputTransformer": {"InputPathsMap": {"vrm": "$.detail.vrm"}, "InputTemplate": '"<vrm>"'},
                "RetryPolicy": {"MaximumRetryAttempts": 3},
                "DeadLetterConfig": {"Arn": Reference("queues.dead", "Arn")},
            }
        ],
    }


def test_places_are_those_of_the_names() -> None:
    stack = _read("queues:\n  a: {delay: 1}\n  b:\n")
    assert [each.place for each in stack.resources] == [("here/eventyard.yml", 2, 3), ("here/eventyard.yml", 3, 3)]


def test_a_url_becomes_a_destination() -> None:
    text = """\
connections:
  partner: {basic: {user: ada, password: "${env:PASSWORD}"}, headers: {X-A: b}}
rules:
  out: {source: a, targets: {http: "https://example.com", connection: partner}}
"""
    stack = _read(text, environment={"PASSWORD": "p"})
    kinds = {each.type: each for each in stack.resources}
    made = kinds["AWS::Events::ApiDestination"]
    assert made.properties["ConnectionArn"] == Reference("connections.partner", "Arn")
    assert made.properties["InvocationEndpoint"] == "https://example.com"
    (target,) = kinds["AWS::Events::Rule"].properties["Targets"]  # type: ignore[misc]  # a list of one
    assert target["Arn"] == Reference(made.id, "Arn")
    parameters = kinds["AWS::Events::Connection"].properties["AuthParameters"]
    assert parameters == {
        "BasicAuthParameters": {"Username": "ada", "Password": "p"},
        "InvocationHttpParameters": {"HeaderParameters": [{"Key": "X-A", "Value": "b", "IsValueSecret": True}]},
    }


def test_any_type_can_be_said_by_its_name() -> None:
    text = """\
resources:
  Group: {type: "AWS::Scheduler::ScheduleGroup", properties: {Name: "${param:stage}-group"}, keep: true}
  Other: {type: "AWS::SQS::Queue", properties: {QueueName: "${Group}-${Group.Arn}"}, after: Group}
"""
    group, other = _read(text, parameters={"stage": "dev"}).resources
    assert (group.properties, group.keep, group.keep_replaced) == ({"Name": "dev-group"}, True, True)
    name = Join((Reference("Group", "Ref"), "-", Reference("Group", "Arn")))
    assert (other.properties, other.after) == ({"QueueName": name}, ("Group",))


def test_two_dollars_are_one() -> None:
    assert _one("queues: {a: {tags: {price: $${x}}}}".replace("$${x}", '"$${x}"'), "queues.a")["Tags"] == {
        "price": "${x}"
    }


def test_several_files_are_one_stack() -> None:
    files = [("a.yml", "stack: s\nqueues: {q: }"), ("b.yml", "rules: {r: {source: a, targets: {queue: q}}}")]
    stack, found = read_own(files)
    assert stack is not None, found
    assert [(each.id, each.place[0]) for each in stack.resources] == [("queues.q", "a.yml"), ("rules.r", "b.yml")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queus: {a: }", "1:1 unknown-key queus is not known; did you mean queues?"),
        ("queues:\n  a:\n    visibilty: 3", "3:5 unknown-key visibilty is not known; did you mean visibility?"),
        ("queues:\n  a: {delay: soon}", "2:14 bad-value delay is a whole number from 0 to 900, not 'soon'."),
        ("queues:\n  a: {delay: 901}", "2:14 bad-value delay is a whole number from 0 to 900, not 901."),
        ("queues:\n  a: {fifo: 1}", "2:13 bad-value fifo is true or false, not 1."),
        ("queues:\n  a: {dead_letters: {}}", "2:7 missing-key dead_letters does not say queue."),
        (
            "queues: {finance: }\nrules:\n  r:\n    source: a\n    targets: {queue: finnance}",
            "5:22 unknown-name finnance is not known; did you mean finance? "
            "What is not in the files is named by its ARN.",
        ),
        (
            "queues: {q: }\ntopics: {t: }\nrules:\n  r:\n    source: a\n    targets:\n      - {queue: q, topic: t}",
            "7:27 bad-value number 1 of targets says queue and topic; only one of them can be.",
        ),
        ("rules:\n  r: {targets: []}", "2:3 missing-key r says none of pattern, events, source, schedule."),
        (
            'connections:\n  c: {api_key: {name: X, value: "${env:SECRET_KEY}"}}',
            "2:33 no-variable The environment variable SECRET_KEY is not set; ${env:SECRET_KEY} needs it.",
        ),
        (
            'parameters: {stage: dev}\nlogs:\n  "${param:stge}": {retention: "${param:stge}"}',
            "3:32 unknown-parameter The parameter stge is not known; did you mean stage? Give it with "
            "--parameter stge=VALUE.",
        ),
        ("queues:\n  a: {delay: 1\n  b: {}", "3:4 bad-yaml expected ',' or '}', but got ':'."),
        ("- a", "1:1 bad-yaml The file says nothing; it wants sections such as `queues:`."),
        (
            "buses:\n  c: {contracts: rejct}",
            "2:18 bad-value contracts is one of off, warn, quarantine, reject, not 'rejct'. Did you mean reject?",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_with_its_place(text: str, words: str) -> None:
    assert words in _found(text)


def test_a_file_that_refers_to_itself_is_refused() -> None:
    (found,) = _found("resources:\n  a: {type: b, properties: &p {c: *p}}\n")
    assert found == "2:35 bad-yaml The alias *p is inside of what it stands for."


def test_a_small_file_does_not_become_a_large_one() -> None:
    lines = ["a0: &a0 {x: 1, y: 2, z: 3, u: 4, v: 5, w: 6, s: 7, t: 8, r: 9}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (found,) = _found("\n".join(lines))
    assert "its aliases make it too large" in found


def test_a_stack_needs_a_name() -> None:
    stack, found = read_own([("a.yml", "queues: {q: }")])
    assert stack is None
    assert [each.rule for each in found] == ["no-stack"]
