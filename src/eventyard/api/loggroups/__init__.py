"""CloudWatch Logs' API over the log groups of this server: groups, streams, events, policies, tags."""

from eventyard.api.loggroups.door import loggroups_door

__all__ = ["loggroups_door"]
