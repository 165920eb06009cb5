"""Log groups: lines of text with times, kept as files for as long as their group says. AWS's API is not known here.

The files are JSON lines, one file for each day of each log stream, under ``logs`` in the data directory.
"""

from eventyard.loggroups.filter import Filter, parse_filter
from eventyard.loggroups.groups import LogGroups
from eventyard.loggroups.notes import Notes
from eventyard.loggroups.reading import Found, Gap, Page, Query
from eventyard.loggroups.resources import (
    MOST_EVENTS,
    RETENTIONS,
    Group,
    LogEvent,
    Policy,
    Rejected,
    Stream,
    group_arn,
    group_of,
)

__all__ = [
    "MOST_EVENTS",
    "RETENTIONS",
    "Filter",
    "Found",
    "Gap",
    "Group",
    "LogEvent",
    "LogGroups",
    "Notes",
    "Page",
    "Policy",
    "Query",
    "Rejected",
    "Stream",
    "group_arn",
    "group_of",
    "parse_filter",
]
