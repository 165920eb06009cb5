"""Archives of what buses received, and replays from them. Recording and delivery are the bus's: see ``contract``."""

from eventyard.archives.archives import Archives, Holding
from eventyard.archives.replays import Replays
from eventyard.archives.resources import Archive, Replay, archive_arn, replay_arn

__all__ = ["Archive", "Archives", "Holding", "Replay", "Replays", "archive_arn", "replay_arn"]
