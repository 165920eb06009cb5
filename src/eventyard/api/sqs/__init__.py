"""The door of Amazon SQS's API: all 23 operations, over the queues room."""

from eventyard.api.sqs.door import sqs_door

__all__ = ["sqs_door"]
