"""What ``eventyard.yml`` can say: the table that reader, schema and reference are made of."""

from __future__ import annotations

from eventyard.templates.own.forms import (
    Anything,
    Field,
    Fields,
    Flag,
    Form,
    ListOf,
    MapOf,
    Number,
    Open,
    Short,
    Text,
)

MODES = ("off", "warn", "quarantine", "reject")
TARGETS = ("queue", "topic", "stream", "firehose", "function", "bus", "http", "log", "arn")
"""What a target can be, by the key that says it."""

_NAME = Text(what="a name")
_ARN = Text(pattern=r"arn:[^\s]+", what="an ARN")
_TAGS = Field(MapOf(Text()), "Tags by name.", "Tags")
_DESCRIPTION = Field(Text(), "What it is for, in words.", "Description")
_POLICY = Field(Open(), "A resource policy in IAM's language.")


def _named(what: str, section: str) -> Field:
    return Field(_NAME, f"The {what}: its name under `{section}` in the files, or an ARN.")


_TO = {
    "queue": _named("queue", "queues"),
    "topic": _named("topic", "topics"),
    "stream": _named("stream", "streams"),
    "firehose": Field(_ARN, "The Firehose stream, by its ARN."),
    "function": _named("function", "functions"),
    "bus": _named("other bus", "buses"),
    "http": Field(_NAME, "A name under `destinations`, or a URL together with `connection`."),
    "log": Field(_NAME, "The log group: its name."),
    "arn": Field(_ARN, "Anything else that can be a target, by its ARN."),
}
_TARGET_SETTINGS = {
    "id": Field(_NAME, "The target's id; made up if not said."),
    "connection": Field(_NAME, "The connection for a URL, by its name under `connections`."),
    "method": Field(Text(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")), "For a URL; POST unless said."),
    "input": Field(Anything(), "What to send in place of the event."),
    "input_path": Field(Text(), "The part of the event to send, `$.detail`."),
    "transform": Field(
        Fields(
            {
                "paths": Field(MapOf(Text()), "Paths into the event, by names for the template.", "InputPathsMap"),
                "template": Field(Text(), "What to send, with `<name>` for the paths.", "InputTemplate", True),
            }
        ),
        "What to send, made of parts of the event.",
    ),
    "retries": Field(Number(0, 185), "How often to try again (185 unless said).", "MaximumRetryAttempts"),
    "max_age": Field(Number(60, 86_400), "For how many seconds to try (a day).", "MaximumEventAgeInSeconds"),
    "dead_letters": _named("queue for what can't be delivered", "queues"),
    "group": Field(Text(), "The message group, for FIFO queues."),
    "key": Field(Text(), "The path to the partition key, for streams: `$.detail.vin`."),
    "role": Field(_ARN, "The role to deliver with, where AWS wants one.", "RoleArn"),
}  # fmt: skip
TARGET = Fields(_TO | _TARGET_SETTINGS, (TARGETS,))

_BUSES = Fields(
    {
        "description": _DESCRIPTION,
        "policy": _POLICY,
        "dead_letters": _named("queue for what can't be delivered", "queues"),
        "discover": Field(Flag(), "Learn schemas from the events."),
        "contracts": Field(
            Short(
                Text(MODES),
                Fields(
                    {
                        "registry": Field(Text(), "The registry; `contracts` unless said.", "Registry"),
                        "mode": Field(Text(MODES), "For all events but those below.", "Mode"),
                        "events": Field(MapOf(Text(MODES)), "Modes by detail-type.", "Events"),
                        "unknown": Field(Text(MODES), "For events without a contract.", "Unknown"),
                        "queue": _named("queue for what is quarantined", "queues"),
                    }
                ),
            ),
            "What to do about events that break their contracts ([validation.md](validation.md)).",
        ),
        "tags": _TAGS,
    }
)  # fmt: skip
_RULES = Fields(
    {
        "bus": _named("bus (`default` unless said)", "buses"),
        "description": _DESCRIPTION,
        "pattern": Field(Open(), "An event pattern; the short forms below add to it."),
        "events": Field(ListOf(Text(), True, 1), "Detail-types."),
        "source": Field(ListOf(Text(), True, 1), "Sources."),
        "schedule": Field(Text(), "`rate(5 minutes)` or `cron(0 8 * * ? *)`.", "ScheduleExpression"),
        "enabled": Field(Flag(), "false: it matches nothing."),
        "role": Field(_ARN, "The role to deliver with, where AWS wants one.", "RoleArn"),
        "targets": Field(ListOf(TARGET, True), "Where to."),
        "tags": _TAGS,
    },
    some_of=(("pattern", "events", "source", "schedule"),),
)
_QUEUES = Fields(
    {
        "fifo": Field(Flag(), "In order; the name ends with .fifo."),
        "deduplicate": Field(Flag(), "FIFO: messages with the same body are one.", "ContentBasedDeduplication"),
        "delay": Field(Number(0, 900), "Seconds until a message can be received.", "DelaySeconds"),
        "visibility": Field(Number(0, 43_200), "Seconds that a received message is hidden (30).", "VisibilityTimeout"),
        "retention": Field(
            Number(60, 1_209_600), "Seconds that messages are kept (four days).", "MessageRetentionPeriod"
        ),
        "wait": Field(Number(0, 20), "Seconds of long polling.", "ReceiveMessageWaitTimeSeconds"),
        "dead_letters": Field(
            Fields(
                {
                    "queue": Field(_NAME, "The queue: its name under `queues`, or an ARN.", "", True),
                    "after": Field(Number(1, 1_000), "How often a message is received before (5 unless said)."),
                }
            ),
            "Where messages go that nobody can handle.",
        ),
        "policy": _POLICY,
        "tags": _TAGS,
    }
)
_SUBSCRIBER = Fields(
    {
        "queue": _named("queue", "queues"),
        "function": _named("function", "functions"),
        "http": Field(Text(pattern=r"https?://[^\s]+", what="a URL"), "The URL that messages are posted to."),
        "firehose": Field(_ARN, "The Firehose stream, by its ARN."),
        "filter": Field(Open(), "A filter policy.", "FilterPolicy"),
        "filter_on": Field(Text(("attributes", "body")), "What the filter looks at (attributes)."),
        "raw": Field(Flag(), "The message alone, without SNS's wrapping.", "RawMessageDelivery"),
        "dead_letters": _named("queue for what can't be delivered", "queues"),
    },
    (("queue", "function", "http", "firehose"),),
)
_TOPICS = Fields(
    {
        "fifo": Field(Flag(), "In order; the name ends with .fifo."),
        "deduplicate": Field(Flag(), "FIFO: messages with the same body are one.", "ContentBasedDeduplication"),
        "display_name": Field(Text(), "The name that people see.", "DisplayName"),
        "subscribers": Field(ListOf(_SUBSCRIBER, True), "Who gets the messages."),
        "policy": _POLICY,
        "tags": _TAGS,
    }
)
_STREAMS = Fields(
    {
        "shards": Field(Number(1, 10_000), "How many; on demand unless said.", "ShardCount"),
        "retention": Field(Number(24, 8_760), "Hours that records are kept (24).", "RetentionPeriodHours"),
        "tags": _TAGS,
    }
)
_EVENT = Fields(
    {
        "bus": _named("bus (`default` unless said)", "buses"),
        "type": Field(Text(), "The detail-type.", "DetailType", True),
        "source": Field(Text(), "The source.", "Source", True),
        "detail": Field(Open(), "The detail."),
    }
)
_SCHEDULES = Fields(
    {
        "at": Field(Text(), "`rate(1 hour)`, `cron(0 8 * * ? *)`, `at(2027-01-01T08:00)`.", "ScheduleExpression", True),
        "time_zone": Field(Text(), "Of cron and at, `Europe/London`; UTC unless said.", "ScheduleExpressionTimezone"),
        "window": Field(Number(1, 1_440), "Minutes within which it may happen; at once unless said."),
        "start": Field(Text(), "Not before this time.", "StartDate"),
        "end": Field(Text(), "Not after this time.", "EndDate"),
        "group": Field(Text(), "A group of schedules that is there.", "GroupName"),
        "enabled": Field(Flag(), "false: nothing happens."),
        "description": _DESCRIPTION,
        "event": Field(_EVENT, "The event to publish."),
        "target": Field(TARGET, "Where to send something else."),
    },
    (("event", "target"),),
)  # fmt: skip
_ARCHIVES = Fields(
    {
        "bus": _named("bus (`default` unless said)", "buses"),
        "pattern": Field(Open(), "An event pattern; everything unless said.", "EventPattern"),
        "days": Field(Number(0), "How long events are kept; 0 is forever.", "RetentionDays"),
        "description": _DESCRIPTION,
    }
)
_PIPES = Fields(
    {
        "queue": _named("queue to read", "queues"),
        "stream": _named("stream to read", "streams"),
        "from": Field(Text(("oldest", "newest")), "Where in a stream to begin (newest)."),
        "batch": Field(Number(1, 10_000), "How many at once."),
        "filter": Field(ListOf(Open(), True), "Event patterns; one of them has to match."),
        "enrich": _named("function to enrich with", "functions"),
        "target": Field(TARGET, "Where to.", "", True),
        "enabled": Field(Flag(), "false: it is stopped."),
        "role": Field(_ARN, "The role to work with, where AWS wants one."),
        "description": _DESCRIPTION,
    },
    (("queue", "stream"),),
)
_PARAMETERS = MapOf(Text())
_CONNECTIONS = Fields(
    {
        "api_key": Field(
            Fields(
                {
                    "name": Field(Text(), "The header.", "ApiKeyName", True),
                    "value": Field(Text(), "The key: `${env:NAME}`.", "ApiKeyValue", True),
                }
            ),
            "A header with a key.",
        ),
        "basic": Field(
            Fields(
                {
                    "user": Field(Text(), "The name.", "Username", True),
                    "password": Field(Text(), "The password: `${env:NAME}`.", "Password", True),
                }
            ),
            "A name and a password.",
        ),
        "oauth": Field(
            Fields(
                {
                    "url": Field(Text(), "Where tokens are had.", "AuthorizationEndpoint", True),
                    "client": Field(Text(), "The client's id.", "", True),
                    "secret": Field(Text(), "The client's secret: `${env:NAME}`.", "", True),
                    "method": Field(Text(("GET", "POST", "PUT")), "POST unless said."),
                    "body": Field(_PARAMETERS, "Members of the body, such as grant_type."),
                }
            ),
            "OAuth's client credentials.",
        ),
        "headers": Field(_PARAMETERS, "More headers."),
        "query": Field(_PARAMETERS, "More of the query."),
        "description": _DESCRIPTION,
    },
    (("api_key", "basic", "oauth"),),
)
_DESTINATIONS = Fields(
    {
        "url": Field(Text(pattern=r"https?://[^\s]+", what="a URL"), "Where to.", "InvocationEndpoint", True),
        "method": Field(Text(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")), "POST unless said."),
        "connection": Field(_NAME, "The connection: its name under `connections`, or an ARN.", "", True),
        "rate": Field(Number(1, 300), "Requests in a second, at most (300).", "InvocationRateLimitPerSecond"),
        "description": _DESCRIPTION,
    }
)
_FUNCTIONS = Fields(
    {
        "code": Field(Text(), "A folder, a file or a zip, from where this file is: it is uploaded, as to AWS."),
        "folder": Field(Text(), "A folder or file, from where this file is: the server runs what is there."),
        "url": Field(Text(), "Where the function answers already."),
        "handler": Field(Text(), "`module.function`.", "Handler"),
        "runtime": Field(Text(), "`python3.13` and the like; for code.", "Runtime"),
        "command": Field(ListOf(Text(), True), "A program of any language, in the folder: JSON in, out.", "Command"),
        "timeout": Field(Number(1, 900), "Seconds that it may take (3).", "Timeout"),
        "memory": Field(Number(128, 10_240), "Megabytes that it may use (128)."),
        "environment": Field(MapOf(Text()), "Environment variables; their values are shown by nobody."),
        "concurrency": Field(Number(0), "How many may run at once."),
        "retries": Field(Number(0, 2), "Of asynchronous invocations (2)."),
        "dead_letters": _named("queue for what fails", "queues"),
        "reads": Field(
            ListOf(
                Fields(
                    {
                        "queue": _named("queue", "queues"),
                        "stream": _named("stream", "streams"),
                        "batch": Field(Number(1, 10_000), "How many at once.", "BatchSize"),
                        "window": Field(Number(0, 300), "Seconds to wait for more.", "MaximumBatchingWindowInSeconds"),
                        "filter": Field(ListOf(Open(), True), "Event patterns; one of them has to match."),
                        "report_failures": Field(Flag(), "It says itself which items failed (batchItemFailures)."),
                    },
                    (("queue", "stream"),),
                ),
                True,
            ),
            "Queues and streams that it is fed from.",
        ),
        "role": Field(_ARN, "The role to run with, where AWS wants one."),
        "description": _DESCRIPTION,
        "tags": _TAGS,
    },
    (("code", "folder", "url"),),
)
_WEBHOOKS = Fields(
    {
        "provider": Field(Text(), "Who posts: `stripe`, `github`, ... ([webhooks.md](webhooks.md)).", "Provider", True),
        "secrets": Field(ListOf(Text(), True), "What signatures are made with: `${env:NAME}`."),
        "options": Field(Open(), "What the provider wants to know.", "Options"),
        "bus": _named("bus (`default` unless said)", "buses"),
        "source": Field(Text(), "The events' source, if not the provider's own.", "Source"),
        "detail_type": Field(Text(), "The detail-type, with `{type}` for what the provider says.", "DetailType"),
        "partner": Field(Text(), "A partner event source in place of a bus.", "Partner"),
        "headers": Field(ListOf(Text()), "Headers to keep.", "Headers"),
        "tolerance": Field(Number(1, 86_400), "How old a signature may be, in seconds.", "Tolerance"),
        "window": Field(Number(3_600, 2_592_000), "For how long ids are remembered, in seconds.", "Window"),
        "rate": Field(Number(1, 100_000), "Requests in a second.", "Rate"),
        "burst": Field(Number(1, 1_000_000), "Requests at once.", "Burst"),
        "body_limit": Field(Number(1, 4_194_304), "Bytes of a body.", "BodyLimit"),
        "archive": Field(Flag(), "Keep what came as it came.", "Archive"),
        "archive_days": Field(Number(2, 3_650), "How long.", "ArchiveDays"),
        "url": Field(Text(), "The URL as the provider has it, where it is signed.", "Url"),
        "description": _DESCRIPTION,
    }
)
_LOGS = Fields(
    {
        "retention": Field(Number(1, 3_653), "Days that it is kept.", "RetentionInDays"),
        "tags": _TAGS,
    }
)
_RESOURCES = Fields(
    {
        "type": Field(Text(), "A type of CloudFormation's, `AWS::Events::Rule`, or one of Eventyard's own.", "", True),
        "properties": Field(Open(), "Its properties, as CloudFormation's reference has them."),
        "after": Field(ListOf(_NAME, True), "What has to be there before."),
        "keep": Field(Flag(), "true: it stays when the stack no longer wants it, or another takes its place."),
    }
)

SECTIONS: dict[str, tuple[Fields, str]] = {
    "buses": (_BUSES, "Event buses."),
    "rules": (_RULES, "Rules: what goes from a bus where."),
    "queues": (_QUEUES, "SQS queues."),
    "topics": (_TOPICS, "SNS topics, with who is subscribed."),
    "streams": (_STREAMS, "Kinesis streams."),
    "schedules": (_SCHEDULES, "Schedules: what happens by the clock."),
    "archives": (_ARCHIVES, "Archives of what a bus had, for replays."),
    "pipes": (_PIPES, "Pipes: from a queue or a stream to a target."),
    "connections": (_CONNECTIONS, "How requests to other systems are authorised."),
    "destinations": (_DESTINATIONS, "URLs of other systems."),
    "functions": (_FUNCTIONS, "Functions."),
    "webhooks": (_WEBHOOKS, "Webhooks: what other systems post, as events."),
    "logs": (_LOGS, "Log groups."),
    "resources": (_RESOURCES, "Anything else, by CloudFormation's types."),
}
"""What a file is made of: by section, the form of what is in it, by name, and a sentence."""

_TOP: dict[str, Field] = {
    "stack": Field(
        Text(pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", what="a name of letters, digits, dots, hyphens"),
        "The stack's name, unless --stack says it.",
    ),
    "parameters": Field(MapOf(Text()), "Values for `${param:NAME}`, unless --parameter says them."),
    **{name: Field(MapOf(form, True), help) for name, (form, help) in SECTIONS.items()},
    "outputs": Field(MapOf(Text()), "What to show after it was applied: `${queues.orders.Arn}`."),
}
FILE: Form = Fields(_TOP)
