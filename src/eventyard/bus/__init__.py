"""The bus: a retained log, and whoever receives events as a subscriber on it.

The path of an event: ``publisher`` appends, ``router`` matches, ``subscriber`` takes, ``delivery`` delivers and enters
what became of it in the ``ledger``; ``retry`` tries again what was deferred. ``directory`` holds buses and rules as
users made them, ``engine`` keeps the rest in line with it. ``timetable`` appends events when they are due,
``scheduled`` has it do so for scheduled rules.
"""

from eventyard.bus.cycles import Cycles
from eventyard.bus.directory import Directory
from eventyard.bus.engine import Engine, Retention
from eventyard.bus.feeds import BusFeeds
from eventyard.bus.firings import BusFirings
from eventyard.bus.publisher import Publisher
from eventyard.bus.recordings import BusRecordings
from eventyard.bus.redelivery import Redelivery
from eventyard.bus.replaying import BusReplays
from eventyard.bus.scheduled import ScheduledRules
from eventyard.bus.timetable import Entry, Timetable

__all__ = [
    "BusFeeds",
    "BusFirings",
    "BusRecordings",
    "BusReplays",
    "Cycles",
    "Directory",
    "Engine",
    "Entry",
    "Publisher",
    "Redelivery",
    "Retention",
    "ScheduledRules",
    "Timetable",
]
