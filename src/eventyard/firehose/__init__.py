"""The firehose room: records gathered in a log and written as files, by size and time. Knows no events and no HTTP."""

from eventyard.firehose.hoses import MOST_HOSES, Hoses, LogKeeper
from eventyard.firehose.objects import check_destination
from eventyard.firehose.resources import MAX_TAGS, MOST_RECORD, Compression, Destination, Hose, hose_arn

__all__ = [
    "MAX_TAGS",
    "MOST_HOSES",
    "MOST_RECORD",
    "Compression",
    "Destination",
    "Hose",
    "Hoses",
    "LogKeeper",
    "check_destination",
    "hose_arn",
]
