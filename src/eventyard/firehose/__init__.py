"""The firehose room: records gathered in a log and written as files, by size and time. Knows no events and no HTTP."""

from eventyard.firehose.channel import Channel, Letters
from eventyard.firehose.channels import Channels
from eventyard.firehose.hoses import MOST_HOSES, Feeds, Hoses, LogKeeper
from eventyard.firehose.objects import check_destination
from eventyard.firehose.resources import (
    MAX_TAGS,
    MOST_RECORD,
    Compression,
    Conversion,
    Destination,
    Encryption,
    Hose,
    Partitioning,
    Splitting,
    StreamSource,
    Transformation,
    hose_arn,
)
from eventyard.firehose.source import Arrival, Reached, Source

__all__ = [
    "MAX_TAGS",
    "MOST_HOSES",
    "MOST_RECORD",
    "Arrival",
    "Channel",
    "Channels",
    "Compression",
    "Conversion",
    "Destination",
    "Encryption",
    "Feeds",
    "Hose",
    "Hoses",
    "Letters",
    "LogKeeper",
    "Partitioning",
    "Reached",
    "Source",
    "Splitting",
    "StreamSource",
    "Transformation",
    "check_destination",
    "hose_arn",
]
