"""What errors of AWS's services mean, held against all that botocore's models say the operations can answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from eventyard.targets.aws.meaning import meaning
from eventyard.targets.session import Away

_OPERATIONS = {
    "sqs": ("SendMessageBatch",),
    "sns": ("PublishBatch",),
    "kinesis": ("PutRecords",),
    "firehose": ("PutRecordBatch",),
    "lambda": ("Invoke",),
    "stepfunctions": ("StartExecution",),
    "events": ("PutEvents",),
    "logs": ("PutLogEvents", "CreateLogStream"),
}
#: Of each service's errors, those that pass. Lambda's of status 429 and 5xx, which do all, are not repeated here.
_PASSING = {
    "sqs": {"RequestThrottled", "KmsThrottled", "KmsOptInRequired"},
    "sns": {"KMSThrottling", "KMSOptInRequired", "InternalError"},
    "kinesis": {
        "ProvisionedThroughputExceededException", "KMSThrottlingException", "KMSOptInRequired",
        "InternalFailureException",
    },
    "firehose": {"ServiceUnavailableException"},
    "lambda": {
        "ServiceQuotaExceededException", "SnapStartTimeoutException", "SnapStartNotReadyException",
        "SnapStartRegenerationFailureException", "ResourceConflictException", "CodeArtifactUserPendingException",
        "CodeArtifactUserDeletedException", "EFSMountTimeoutException", "EFSMountConnectivityException",
        "EFSIOException", "S3FilesMountTimeoutException", "S3FilesMountConnectivityException",
    },
    "stepfunctions": {"ExecutionLimitExceeded", "KmsThrottlingException"},
    "events": {"InternalException"},
    "logs": {"ServiceUnavailableException", "UnrecognizedClientException"},
}  # fmt: skip


def _errors(service: str) -> Iterator[tuple[str, int]]:
    """Code and status of each error; 400 where the model has no status, as JSON protocols don't."""
    model: Any = botocore.session.Session().get_service_model(service)
    for operation in _OPERATIONS[service]:
        for shape in model.operation_model(operation).error_shapes:
            more = shape.metadata.get("error") or {}
            yield str(more.get("code") or shape.name), int(more.get("httpStatusCode") or 400)


@pytest.mark.parametrize("service", list(_OPERATIONS))
def test_what_may_pass_is_tried_again_and_nothing_else(service: str) -> None:
    found = {code: (status, meaning(status, code, "")) for code, status in _errors(service)}
    assert found, "the model has no errors to be held against"
    always = {code for code, (status, _) in found.items() if status == 429 or status >= 500}
    passing = {code for code, (_, said) in found.items() if isinstance(said, Away)}
    assert passing - always == _PASSING[service] - always
    assert passing >= always


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ThrottlingException", "THROTTLING"),
        ("RequestLimitExceeded", "THROTTLING"),
        ("ExecutionLimitExceeded", "THROTTLING"),
        ("EC2ThrottledException", "THROTTLING"),
        ("SnapStartNotReadyException", "SERVER_ERROR"),
        ("RequestTimeout", "SERVER_ERROR"),
        ("InvalidClientTokenId", "NO_AUTHORIZATION"),
        ("KMSAccessDenied", "NO_PERMISSIONS"),
        ("AWS.SimpleQueueService.NonExistentQueue", "NO_RESOURCE"),
        ("StateMachineDeleting", "NO_RESOURCE"),
        ("InvalidExecutionInput", "SDK_CLIENT_ERROR"),
        ("", "SDK_CLIENT_ERROR"),
    ],
)
def test_a_code_means_the_same_in_an_entry_of_a_batch(code: str, said: str) -> None:
    assert meaning(0, code, "why").code == said
