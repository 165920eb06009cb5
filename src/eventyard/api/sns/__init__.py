"""The door of Amazon SNS's API."""

from eventyard.api.sns.certificate import certificate_route
from eventyard.api.sns.door import sns_door

__all__ = ["certificate_route", "sns_door"]
