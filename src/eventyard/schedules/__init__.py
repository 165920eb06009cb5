"""Schedules in groups, as EventBridge Scheduler has them: which there are, and when each is due. Firing and delivery
are somebody else's: see ``firing``."""

from eventyard.schedules.resources import DEFAULT_GROUP, Group, Schedule, group_arn, schedule_arn
from eventyard.schedules.schedules import Schedules
from eventyard.schedules.timing import Jitter

__all__ = ["DEFAULT_GROUP", "Group", "Jitter", "Schedule", "Schedules", "group_arn", "schedule_arn"]
