"""The door of Amazon Data Firehose's API, over the firehose room."""

from eventyard.api.firehose.door import firehose_door

__all__ = ["firehose_door"]
