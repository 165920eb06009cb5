"""What AWS SAM's short forms may say, as shapes (SAM developer guide, "AWS::Serverless::Function").

What is refused and what has no effect here is in the shapes, too, so that it is named where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.templates.types import types

Shapes = Mapping[str, Any]

#: Properties that are those of AWS::Lambda::Function by the same name.
SAME = (
    *(
        "Architectures",
        "Description",
        "DurableConfig",
        "EphemeralStorage",
        "FileSystemConfigs",
        "FunctionName",
        "Handler",
    ),
    *("ImageConfig", "KmsKeyArn", "Layers", "LoggingConfig", "MemorySize", "PackageType", "RecursiveLoop"),
    *("ReservedConcurrentExecutions", "Role", "Runtime", "RuntimeManagementConfig", "SnapStart", "TenancyConfig"),
    *("Timeout", "VpcConfig", "Environment"),
)
_REFUSED = (
    *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256", "CapacityProviderConfig"),
    *("CodeSigningConfigArn", "CodeUriVersion", "DeploymentPreference", "FunctionScalingConfig", "FunctionUrlConfig"),
    *(
        "ProvisionedConcurrencyConfig",
        "PublishToLatestPublished",
        "SourceKMSKeyArn",
        "VersionDeletionPolicy",
        "VersionDescription",
    ),
)
_ROLES = ("AssumeRolePolicyDocument", "PermissionsBoundary", "Policies", "RolePath")
_NO_ROLES = "there are no roles here to check against"

_DESTINATION = {
    "fields": {"Type": {"enum": ["SQS", "SNS", "Lambda", "EventBridge", "S3Bucket"]}, "Destination": "string"}
}
LETTERS = {"fields": {"Arn": "string", "Type": {"enum": ["SQS"]}, "QueueLogicalId": "string"}}
#: Events that SAM knows and that are not done here.
REFUSED_EVENTS = (
    *("AlexaSkill", "Api", "CloudWatchLogs", "Cognito", "DocumentDB", "DynamoDB", "HttpApi", "IoTRule", "MQ", "MSK"),
    *("S3", "SelfManagedKafka"),
)


def refused(*names: str, why: str = "it is not done here") -> Shapes:
    return {name: {"refused": why} for name in names}


def ignored(*names: str, why: str) -> Shapes:
    return {name: {"ignored": why} for name in names}


def function() -> Shapes:
    """The properties of a function, but for its events."""
    own = types()["AWS::Lambda::Function"].fields
    return {
        "fields": {
            **{name: own[name] for name in SAME},
            **refused(*_REFUSED),
            **ignored(*_ROLES, why=_NO_ROLES),
            "CodeUri": {"either": ["string", {"fields": dict.fromkeys(("Bucket", "Key", "Version"), "string")}]},
            "DeadLetterQueue": {
                "fields": {"TargetArn": "string", "Type": {"enum": ["SQS", "SNS"]}},
                "required": ["TargetArn", "Type"],
            },
            "EventInvokeConfig": {
                "fields": {
                    "MaximumEventAgeInSeconds": "integer",
                    "MaximumRetryAttempts": "integer",
                    "DestinationConfig": {"fields": {"OnFailure": _DESTINATION, "OnSuccess": _DESTINATION}},
                }
            },
            "ImageUri": "string",
            "InlineCode": "string",
            **ignored("PropagateTags", why="tags are those of the function only"),
            "Tags": {"values": "string"},
            "Tracing": {"enum": ["Active", "PassThrough", "Disabled"]},
        }
    }


def event(kind: str) -> Shapes | None:
    """The properties of an event of the kind; None for one that is not done."""
    rule = types()["AWS::Events::Rule"].fields["Targets"][0]["fields"]
    schedule = types()["AWS::Scheduler::Schedule"].fields
    mapping = types()["AWS::Lambda::EventSourceMapping"].fields
    subscription = types()["AWS::SNS::Subscription"].fields
    state = {"State": {"enum": ["DISABLED", "ENABLED"]}}
    retried = {"DeadLetterConfig": LETTERS, "RetryPolicy": rule["RetryPolicy"]}
    pattern = {
        "fields": {
            **{name: rule[name] for name in ("Input", "InputPath", "InputTransformer")},
            **dict.fromkeys(("EventBusName", "RuleName"), "string"),
            "Enabled": "boolean",
            "Pattern": "json",
            "Target": {"fields": {"Id": "string"}, "required": ["Id"]},
            **state,
            **retried,
        },
        "required": ["Pattern"],
    }
    names = ("BatchSize", "Enabled", "FilterCriteria", "FunctionResponseTypes", "KmsKeyArn")
    polled = (*names, "MaximumBatchingWindowInSeconds", "MetricsConfig", "ProvisionedPollerConfig")
    streamed = (
        "BisectBatchOnFunctionError",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
    )
    window = ("StartingPosition", "StartingPositionTimestamp", "TumblingWindowInSeconds")
    known: Mapping[str, Shapes] = {
        "EventBridgeRule": pattern,
        "CloudWatchEvent": pattern,
        "Schedule": {
            "fields": {
                **dict.fromkeys(("Description", "Input", "Name", "Schedule"), "string"),
                "Enabled": "boolean",
                **state,
                **retried,
            },
            "required": ["Schedule"],
        },
        "ScheduleV2": {
            "fields": {
                **{name: schedule[name] for name in SCHEDULE},
                "DeadLetterConfig": LETTERS,
                "RetryPolicy": schedule["Target"]["fields"]["RetryPolicy"],
                "Input": "string",
                "OmitName": "boolean",
                "RoleArn": "string",
                **ignored("PermissionsBoundary", why=_NO_ROLES),
            },
            "required": ["ScheduleExpression"],
        },
        "SQS": {
            "fields": {**{name: mapping[name] for name in (*polled, "ScalingConfig")}, "Queue": "string"},
            "required": ["Queue"],
        },
        "Kinesis": {
            "fields": {
                **{name: mapping[name] for name in (*polled, *streamed, *window)},
                "DestinationConfig": {"fields": {"OnFailure": _DESTINATION}},
                "Stream": "string",
            },
            "required": ["Stream", "StartingPosition"],
        },
        "SNS": {
            "fields": {
                **{
                    name: subscription[name]
                    for name in ("FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "Region")
                },
                "SqsSubscription": {
                    "either": [
                        "boolean",
                        {
                            "fields": {
                                "BatchSize": "integer",
                                "Enabled": "boolean",
                                **dict.fromkeys(("QueueArn", "QueuePolicyLogicalId", "QueueUrl"), "string"),
                            },
                            "required": ["QueueArn", "QueueUrl"],
                        },
                    ]
                },
                "Topic": "string",
            },
            "required": ["Topic"],
        },
    }
    return known.get(kind)


#: Properties of a ScheduleV2 that are those of AWS::Scheduler::Schedule by the same name.
SCHEDULE = (
    *("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State"),
)
EVENTS = ("CloudWatchEvent", "EventBridgeRule", "Kinesis", "SNS", "SQS", "Schedule", "ScheduleV2")
