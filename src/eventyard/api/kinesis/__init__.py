"""The door of Amazon Kinesis Data Streams' API, over the streams room."""

from eventyard.api.kinesis.door import kinesis_door

__all__ = ["kinesis_door"]
