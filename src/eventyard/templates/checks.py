"""What of a stack can be found wrong without asking a server: event patterns, schedules, time zones, what targets get,
and names of queues. It is the same for all kinds of files, once they have become resources; all else is for the
services to say.

A finding is where the file says the value, or, if a variable or function made it, where it says the resource.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eventyard.contract.finding import Finding, Place
from eventyard.cron import parse_expression, zone_of
from eventyard.errors import InvalidRequest
from eventyard.names import is_queue_name
from eventyard.pattern import parse
from eventyard.resource import Resource, Stack
from eventyard.templates.findings import Findings, TooMuch
from eventyard.templates.text import read_tree
from eventyard.templates.tree import Choice, Fields, Items, Node, Scalar, later, plain
from eventyard.transform import compile_transform

Result = tuple[Stack | None, tuple[Finding, ...]]

Wrong = tuple[Any, str, str]
"""The value that is wrong, the rule, and a sentence."""


def check_resources(resources: Iterable[Resource], texts: Mapping[str, str]) -> tuple[Finding, ...]:
    """What is wrong with what ``resources`` ask for, and code outside of the folder of the file, which may be meant
    (``CodeUri: ../src``) and is a warning. ``texts``: of the files that ask, by path."""
    trees: dict[str, Node | None] = {}
    found: dict[Finding, None] = {}
    for resource in resources:
        code = resource.properties.get("Code")
        if resource.type == "AWS::Lambda::Function" and isinstance(code, str) and _outside(code, resource.place[0]):
            message = f"{resource.id}: the code is {code[:200]}, which is outside of the file's folder."
            found[Finding(*resource.place, "code-outside", message, "warning")] = None
        for value, rule, message in _CHECKS.get(resource.type, _nothing)(resource.properties):
            path = resource.place[0]
            if path not in trees:
                trees[path] = _tree(path, texts.get(path))
            place = _place(trees[path], resource.place, value)
            found[Finding(*place, rule, f"{resource.id}: {message}")] = None
    return tuple(found)


def checked(stack: Stack | None, findings: Findings, texts: Mapping[str, str]) -> Result:
    """A reading's result: all that was found, and the stack if none of it is an error."""
    for one in check_resources(stack.resources if stack is not None else (), texts):
        say = findings.warn if one.severity == "warning" else findings.error
        say((one.path, one.line, one.column), one.rule, one.message)
    return None if findings.failed else stack, findings.all()


# The checks of each type. A value that is only known later is not checked.


def _nothing(said: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from ()


def _rule(said: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from _pattern(said.get("EventPattern"))
    yield from _schedule(said.get("ScheduleExpression"), "rule")
    for target in _mappings(said.get("Targets")):
        yield from _target(target)


def _archive(said: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from _pattern(said.get("EventPattern"))


def _scheduled(said: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from _schedule(said.get("ScheduleExpression"), "scheduler")
    zone = said.get("ScheduleExpressionTimezone")
    if isinstance(zone, str):
        try:
            zone_of(zone)
        except InvalidRequest:
            yield zone, "bad-time-zone", f"There is no time zone {zone[:60]!r} in the IANA database."


def _mapping(said: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from _filters(said.get("FilterCriteria"))


def _pipe(said: Mapping[str, Any]) -> Iterator[Wrong]:
    source = said.get("SourceParameters")
    yield from _filters(source.get("FilterCriteria") if isinstance(source, Mapping) else None)


def _queue(said: Mapping[str, Any]) -> Iterator[Wrong]:
    name, fifo = said.get("QueueName"), str(said.get("FifoQueue")).lower() == "true"
    if not isinstance(name, str) or is_queue_name(name, fifo):
        return
    kind = "a FIFO queue ends with .fifo and" if fifo else "a queue"
    message = f"The name of {kind} has letters, digits, - and _, 80 in all at most, and is not {name[:100]!r}."
    if name.endswith(".fifo") and is_queue_name(name, True):
        message = f"{name[:100]!r} is the name of a FIFO queue, which this is not."
    yield name, "bad-name", message


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Wrong]]] = {
    "AWS::Events::Archive": _archive,
    "AWS::Events::Rule": _rule,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Pipes::Pipe": _pipe,
    "AWS::SQS::Queue": _queue,
    "AWS::Scheduler::Schedule": _scheduled,
}


def _pattern(value: Any) -> Iterator[Wrong]:
    if value is None or later(value) or (wrong := _refused(value)) is None:
        return
    part = value if isinstance(value, str) else _smallest(value)
    yield part, "bad-pattern", wrong


def _refused(pattern: Any) -> str | None:
    """Why it is no event pattern; None if it is one."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    try:
        parse(text)
    except InvalidRequest as error:
        return error.message.partition("\n")[0].rstrip(".") + "."
    return None


def _smallest(pattern: Any) -> Any:
    """The smallest part of a pattern that is wrong by itself."""
    if not isinstance(pattern, Mapping) or len(pattern) == 0:
        return pattern
    for key, value in pattern.items():
        if _refused({key: value}) is None:
            continue
        if isinstance(value, Mapping):
            return _smallest(value)
        if isinstance(value, Sequence) and not isinstance(value, str) and key != "$or":
            return next((each for each in value if _refused({key: [each]}) is not None), value)
        return value
    return pattern


def _filters(criteria: Any) -> Iterator[Wrong]:
    for each in _mappings(criteria.get("Filters") if isinstance(criteria, Mapping) else None):
        yield from _pattern(each.get("Pattern") or None)


def _schedule(value: Any, dialect: Any) -> Iterator[Wrong]:
    if not isinstance(value, str):
        return
    try:
        parse_expression(value, dialect)
    except InvalidRequest:
        forms = "rate(5 minutes), cron(0 12 * * ? *)" + (" or at(2030-01-01T00:00:00)" if dialect != "rule" else "")
        yield value, "bad-schedule", f"{value[:100]!r} is no schedule, which is such as {forms}."


def _target(said: Mapping[str, Any]) -> Iterator[Wrong]:
    transformer = said.get("InputTransformer")
    shaped = transformer if isinstance(transformer, Mapping) else {}
    paths, template = shaped.get("InputPathsMap"), shaped.get("InputTemplate")
    given, path = said.get("Input"), said.get("InputPath")
    if later([paths, template, given, path]) or not _texts(paths):
        return
    if isinstance(given, Mapping):
        given = json.dumps(given)
    try:
        compile_transform(
            str(said.get("Id", "")),
            input=given if isinstance(given, str) else None,
            input_path=path if isinstance(path, str) else None,
            paths=paths,
            template=template if isinstance(template, str) else None,
        )
    except InvalidRequest as error:
        value = next((each for each in (template, given, path) if each is not None), None)
        yield value, "bad-input", f"{error.message.rstrip('.')}."


def _texts(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values()))


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def _outside(code: str, file: str) -> bool:
    """Whether the path ``code``, seen from where ``file`` is seen, is not below the folder of the file."""
    folder = posixpath.normpath(posixpath.dirname(file))
    if folder == ".":
        return code.startswith(("/", "../")) or code == ".."
    return code != folder and not code.startswith(folder.rstrip("/") + "/")


# Where the file says it.


def _tree(path: str, text: str | None) -> Node | None:
    try:
        return None if text is None else read_tree(path, text, Findings())
    except (TooMuch, RecursionError):
        return None


def _place(tree: Node | None, resource: Place, value: Any) -> Place:
    around = next((node for place, node in _entries(tree) if place == resource), None)
    if around is None:
        return resource
    return next(
        (node.place for node in (around, *(one for _, one in _entries(around))) if _says(node, value)), resource
    )


def _entries(node: Node | None) -> Iterator[tuple[Place, Node]]:
    """All that is in ``node``, each with the place of its key."""
    if isinstance(node, Fields):
        for entry in node.entries.values():
            yield entry.place, entry.node
            yield from _entries(entry.node)
    elif isinstance(node, Items):
        for item in node.items:
            yield item.place, item
            yield from _entries(item)
    elif isinstance(node, Choice):
        yield from _entries(node.chosen)


def _says(node: Node, value: Any) -> bool:
    if isinstance(node, Scalar) and isinstance(value, str):
        return value in (node.value, node.text)
    return bool(plain(node) == value)
