"""The kinds of targets that EventBridge documents for rules. Which of them a server delivers to is not known here.

Sources: EventBridge user guide, "Amazon EventBridge targets"; API reference, "PutTargets" and "Target"; the shapes of
ARNs from the Service Authorization Reference.
"""

from __future__ import annotations

import re

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """``example``: an ARN of one. ``pattern``: what the ARNs of all look like, behind the partition. ``action``: an
    action of AWS itself, such as stopping a machine; its ARN looks like that of a target outside, and is none."""

    title: str
    example: str
    pattern: str
    action: bool = False

    def has(self, arn: str) -> bool:
        """Whether ``arn`` is of this kind."""
        return re.fullmatch(rf"arn:aws[\w-]*:{self.pattern}", arn, re.ASCII | re.DOTALL) is not None


_PLACE = r"[a-z0-9-]*:\d{12}"


def _kind(title: str, service: str, resource: str, pattern: str, place: str = _PLACE) -> Kind:
    region = "us-east-1" if place == _PLACE else ""
    return Kind(title, f"arn:aws:{service}:{region}:123456789012:{resource}", f"{service}:{place}:{pattern}")


def _action(title: str, name: str) -> Kind:
    return msgspec.structs.replace(_kind(title, "events", f"target/{name}", f"target/{name}"), action=True)


KINDS = (
    _kind("Amazon API Gateway stage", "execute-api", "a1b2c3/prod/POST/orders", r".+/.+"),
    _kind("API destination", "events", "api-destination/orders/0", r"api-destination/.+"),
    _kind("AWS AppSync API", "appsync", "endpoints/graphql-api/a1b2c3", r"endpoints/graphql-api/.+"),
    _kind("AWS Batch job queue", "batch", "job-queue/orders", r"job-queue/.+"),
    _kind("Amazon CloudWatch Logs log group", "logs", "log-group:/aws/events/orders", r"log-group:[^:]+(:\*)?"),
    _kind("AWS CodeBuild project", "codebuild", "project/orders", r"project/.+"),
    _kind("AWS CodePipeline", "codepipeline", "orders", r"[^:]+"),
    _action("Amazon EBS CreateSnapshot API call", "create-snapshot"),
    _action("Amazon EC2 RebootInstances API call", "reboot-instance"),
    _action("Amazon EC2 StopInstances API call", "stop-instance"),
    _action("Amazon EC2 TerminateInstances API call", "terminate-instance"),
    _kind("Amazon ECS task", "ecs", "cluster/orders", r"cluster/.+"),
    _kind("Event bus", "events", "event-bus/orders", r"event-bus/.+"),
    _kind("Amazon Data Firehose stream", "firehose", "deliverystream/orders", r"deliverystream/.+"),
    _kind("AWS Glue workflow", "glue", "workflow/orders", r"workflow/.+"),
    _kind("Incident Manager response plan", "ssm-incidents", "response-plan/orders", r"response-plan/.+", r":\d{12}"),
    _kind("Amazon Inspector assessment template", "inspector", "target/0-a/template/0-b", r"target/.+"),
    _kind("Amazon Kinesis data stream", "kinesis", "stream/orders", r"stream/.+"),
    _kind("AWS Lambda function", "lambda", "function:orders", r"function:.+"),
    _kind("Amazon Redshift cluster", "redshift", "cluster:orders", r"cluster:.+"),
    _kind("Amazon Redshift Serverless workgroup", "redshift-serverless", "workgroup/orders", r"workgroup/.+"),
    _kind("Amazon SageMaker pipeline", "sagemaker", "pipeline/orders", r"pipeline/.+"),
    _kind("Amazon SNS topic", "sns", "orders", r"[^:]+"),
    _kind("Amazon SQS queue", "sqs", "orders", r"[^:]+"),
    _kind("AWS Step Functions state machine", "states", "stateMachine:orders", r"stateMachine:.+"),
    _kind("Systems Manager Automation", "ssm", "automation-definition/orders:$DEFAULT", r"automation-definition/.+"),
    _kind("Systems Manager OpsItem", "ssm", "opsitem", r"opsitem.*"),
    _kind("Systems Manager Run Command", "ssm", "document/orders", r"document/.+"),
)


def kind_of(arn: str) -> Kind | None:
    """The kind of target that ``arn`` is by EventBridge's documentation; None for none of them."""
    return next((kind for kind in KINDS if kind.has(arn)), None)
