"""Amazon EventBridge Scheduler's API: thin handlers over the schedules room. It fires nothing itself."""

from eventyard.api.scheduler.door import scheduler_door

__all__ = ["scheduler_door"]
