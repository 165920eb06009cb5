"""The door of Amazon SNS's API."""

from eventyard.api.sns.door import sns_door

__all__ = ["sns_door"]
