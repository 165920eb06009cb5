"""What a file of Serverless Framework may say, as shapes (its documentation, "Serverless.yml Reference", version 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.templates.sam.shapes import ignored, refused
from eventyard.templates.types import types

Shapes = Mapping[str, Any]

_NO_ROLES = "there are no roles here to check against"
_NO_NETWORK = "functions run where the server runs"
_TOOL = "it is about deploying to AWS"
_NO_HTTP = "there are no HTTP APIs here"

_PACKAGE = {
    "fields": {
        **{key: ["string"] for key in ("patterns", "include", "exclude")},
        **ignored("individually", why="each function has its own zip"),
        **ignored("excludeDevDependencies", why="all packages that are installed are code"),
        **refused("artifact"),
    }
}
_LOGS = {"httpApi": "json", "restApi": "json", "websocket": "json", "frameworkLambda": "json"}
_ENVIRONMENT = {"values": "string"}
_ARCHITECTURE = {"enum": ["x86_64", "arm64"]}
_DESTINATION = {"either": ["string", {"fields": {"type": "string", "arn": "string"}, "required": ["type", "arn"]}]}

ROOT = {
    "fields": {
        **dict.fromkeys(
            ("configValidationMode", "deprecationNotificationMode", "frameworkVersion", "service"), "string"
        ),
        **dict.fromkeys(("custom", "disabledDeprecations", "functions", "params", "plugins", "resources"), "json"),
        **ignored(
            "app",
            "console",
            "dashboard",
            "licenseKey",
            "org",
            "tenant",
            "outputs",
            why="it is about Serverless Inc.'s service",
        ),
        "useDotenv": "boolean",
        **refused("build", "layers", "stages", "state"),
        "package": _PACKAGE,
        "provider": "json",
        "variablesResolutionMode": "string",
        "unresolvedVariablesNotificationMode": "string",
    },
    "required": ["service", "provider"],
}

PROVIDER = {
    "fields": {
        **dict.fromkeys(("name", "region", "runtime", "stackName", "stage"), "string"),
        **dict.fromkeys(("logRetentionInDays", "memorySize", "timeout"), "integer"),
        "architecture": _ARCHITECTURE,
        "environment": _ENVIRONMENT,
        "eventBridge": {"fields": {"useCloudFormation": "boolean"}},
        "kmsKeyArn": "string",
        "tags": {"values": "string"},
        **ignored(
            "iam",
            "iamManagedPolicies",
            "iamRoleStatements",
            "role",
            "rolePermissionsBoundary",
            "cfnRole",
            why=_NO_ROLES,
        ),
        **ignored("vpc", why=_NO_NETWORK),
        **ignored(
            *("deploymentBucket", "deploymentMethod", "deploymentPrefix", "disableRollback", "lambdaHashingVersion"),
            *("notificationArns", "profile", "rollbackConfiguration", "stackPolicy", "stackTags", "versionFunctions"),
            *("runtimeManagement", "resolver"),
            why=_TOOL,
        ),
        **ignored(
            *("alb", "apiGateway", "apiKeys", "apiName", "cloudFront", "endpointType", "httpApi", "s3", "websocket"),
            *("websocketsApiName", "websocketsApiRouteSelectionExpression", "websocketsDescription"),
            why=_NO_HTTP,
        ),
        **ignored("logs", "tracing", "logDataProtectionPolicy", why="logs and traces are kept by the server"),
        **refused("ecr", "layers", "stackParameters"),
    },
    "required": ["name"],
}

FUNCTION = {
    "fields": {
        **dict.fromkeys(
            ("condition", "description", "handler", "kmsKeyArn", "name", "onError", "role", "runtime"), "string"
        ),
        **dict.fromkeys(("ephemeralStorageSize", "logRetentionInDays", "maximumEventAge"), "integer"),
        **dict.fromkeys(("maximumRetryAttempts", "memorySize", "reservedConcurrency", "timeout"), "integer"),
        "architecture": _ARCHITECTURE,
        "dependsOn": {"either": ["string", ["string"]]},
        "destinations": {"fields": {"onFailure": _DESTINATION, "onSuccess": _DESTINATION}},
        "disableLogs": "boolean",
        "environment": _ENVIRONMENT,
        "package": _PACKAGE,
        "tags": {"values": "string"},
        **ignored("iamRoleStatements", "iamRoleStatementsName", "iamRoleStatementsInherit", why=_NO_ROLES),
        **ignored("vpc", why=_NO_NETWORK),
        **ignored("runtimeManagement", "versionFunction", "snapStart", why=_TOOL),
        **ignored("tracing", "logDataProtectionPolicy", why="logs and traces are kept by the server"),
        **refused("fileSystemConfig", "image", "layers", "provisionedConcurrency", "url"),
    },
    "required": ["handler"],
}

_TRANSFORMER = {
    "fields": {"inputPathsMap": {"values": "string"}, "inputTemplate": "string"},
    "required": ["inputTemplate"],
}
_INPUT = {"input": "json", "inputPath": "string", "inputTransformer": _TRANSFORMER}
_ONE_OR_MORE = {"either": ["string", ["string"]]}
_MAPPED = {
    "arn": "string",
    "batchSize": "integer",
    "enabled": "boolean",
    "filterPatterns": ["json"],
    "functionResponseType": {"enum": ["ReportBatchItemFailures"]},
}

EVENTS: Mapping[str, Shapes] = {
    "eventBridge": {
        "fields": {
            **_INPUT,
            **dict.fromkeys(("deadLetterQueueArn", "description", "eventBus", "name", "schedule"), "string"),
            "enabled": "boolean",
            "pattern": "json",
            "retryPolicy": {"fields": {"maximumEventAge": "integer", "maximumRetryAttempts": "integer"}},
        }
    },
    "cloudwatchEvent": {
        "fields": {**_INPUT, "description": "string", "enabled": "boolean", "event": "json", "name": "string"},
        "required": ["event"],
    },
    "schedule": {
        "fields": {
            **_INPUT,
            "description": "string",
            "enabled": "boolean",
            "name": "string",
            "rate": _ONE_OR_MORE,
            "timezone": "string",
            "method": {"enum": ["eventBus", "scheduler"]},
        },
        "required": ["rate"],
    },
    "sqs": {
        "fields": {**_MAPPED, "maximumBatchingWindow": "integer", "maximumConcurrency": "integer"},
        "required": ["arn"],
    },
    "sns": {
        "fields": {
            **dict.fromkeys(("arn", "displayName", "topicName", "filterPolicyScope"), "string"),
            "filterPolicy": "json",
            "redrivePolicy": {
                "fields": {
                    **dict.fromkeys(("deadLetterTargetArn", "deadLetterTargetRef"), "string"),
                    "deadLetterTargetImport": {
                        "fields": {"arn": "string", "url": "string"},
                        "required": ["arn", "url"],
                    },
                }
            },
        }
    },
    "stream": {
        "fields": {
            **_MAPPED,
            **dict.fromkeys(("batchWindow", "maximumRecordAgeInSeconds", "maximumRetryAttempts"), "integer"),
            **dict.fromkeys(("parallelizationFactor", "tumblingWindowInSeconds"), "integer"),
            "bisectBatchOnFunctionError": "boolean",
            "destinations": {"fields": {"onFailure": _DESTINATION}, "required": ["onFailure"]},
            "startingPosition": "string",
            "startingPositionTimestamp": "number",
            "type": {"enum": ["dynamodb", "kinesis"]},
            **refused("consumer"),
        },
        "required": ["arn"],
    },
}
#: Events that may be said in one word, and what that is.
SHORT = {"schedule": "rate", "sns": "topicName", "sqs": "arn", "stream": "arn"}
REFUSED_EVENTS = (
    *(
        "activemq",
        "alb",
        "alexaSkill",
        "alexaSmartHome",
        "cloudFront",
        "cloudwatchLog",
        "cognitoUserPool",
        "documentDb",
    ),
    *("http", "httpApi", "iot", "iotFleetProvisioning", "kafka", "msk", "rabbitmq", "s3", "websocket"),
)


def mapping_fields() -> Mapping[str, str]:
    """Keys of ``sqs`` and ``stream`` and the properties of AWS::Lambda::EventSourceMapping that they are."""
    names = {
        "batchSize": "BatchSize",
        "batchWindow": "MaximumBatchingWindowInSeconds",
        "bisectBatchOnFunctionError": "BisectBatchOnFunctionError",
        "enabled": "Enabled",
        "maximumBatchingWindow": "MaximumBatchingWindowInSeconds",
        "maximumRecordAgeInSeconds": "MaximumRecordAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
        "parallelizationFactor": "ParallelizationFactor",
        "startingPosition": "StartingPosition",
        "startingPositionTimestamp": "StartingPositionTimestamp",
        "tumblingWindowInSeconds": "TumblingWindowInSeconds",
    }
    assert set(names.values()) <= set(types()["AWS::Lambda::EventSourceMapping"].fields)
    return names
