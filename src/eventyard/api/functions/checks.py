"""What a function can be made of here, however it is brought. Everything else is refused by name.

Sources: developer guide, "Lambda quotas", "Using Lambda environment variables", "Lambda runtimes".
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.names import Arn

INVALID = "InvalidParameterValueException"
_MOST_ENVIRONMENT = 4096
_LONGEST = 900
_RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
})  # fmt: skip


def environment_of(variables: Mapping[str, str]) -> dict[str, str]:
    """``variables``, if a function may have them. Raises InvalidRequest."""
    reserved = sorted(_RESERVED & variables.keys())
    about = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
    )
    if reserved:
        raise InvalidRequest(
            f"{about}contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}",
            INVALID,
        )
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > _MOST_ENVIRONMENT:
        raise InvalidRequest(f"{about}exceeded the 4KB limit.", INVALID)
    if any("\0" in value or "\0" in name or "=" in name for name, value in variables.items()):
        raise InvalidRequest("An environment variable must not contain a NUL character, nor its name a =.", INVALID)
    return dict(variables)


def check_timeout(seconds: int) -> None:
    if seconds > _LONGEST:
        raise InvalidRequest(
            f"1 validation error detected: Value '{seconds}' at 'timeout' failed to satisfy constraint: "
            f"Member must have value less than or equal to {_LONGEST}"
        )


def check_runtime(runtime: str) -> None:
    """Raises Unsupported for one that this server, on this machine, can't run."""
    if runtime.startswith(("python3.", "provided")):
        return
    if not runtime.startswith("nodejs"):
        raise Unsupported(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: this server runs python3.x, nodejs and "
            "provided (a bootstrap that asks Lambda's runtime API) only.",
            INVALID,
        )
    if shutil.which("node") is None:
        raise Unsupported(f"Runtime {runtime} needs the program node, which is not on this server's machine.", INVALID)


def dead_letter_of(text: str | None) -> str | None:
    """The ARN of a dead-letter queue or topic, None for an empty text. Raises Unsupported."""
    if not text:
        return None
    arn = Arn.parse(text)
    if arn is None or arn.service not in ("sqs", "sns") or arn.resource.endswith(".fifo"):
        raise Unsupported("The dead-letter target of a function must be a standard SQS queue or SNS topic.", INVALID)
    return text


def destination_of(text: str | None, home: Arn | None) -> str | None:
    """The ARN of a destination in the account and region of ``home``, None for an empty text. Raises Unsupported."""
    if not text:
        return None
    arn = Arn.parse(text)
    known = arn is not None and (
        arn.service in ("sqs", "sns", "lambda") or (arn.service == "events" and arn.resource.startswith("event-bus/"))
    )
    if arn is None or not known or arn.resource.endswith(".fifo"):
        raise Unsupported(
            f"The destination {text} is not supported by this server: it can be a standard SQS queue, a standard SNS "
            "topic, a function or an event bus.",
            INVALID,
        )
    if home is not None and (arn.account, arn.region) != (home.account, home.region):
        raise Unsupported(
            f"The destination {text} must be in the account and region of the function on this server.", INVALID
        )
    return text
