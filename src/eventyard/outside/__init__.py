"""Places outside that events are delivered to: which there are, their credentials, encrypted at rest, and what is open
of them. How to talk to one of a kind is its kind's business."""

from eventyard.outside.kinds import Kinds
from eventyard.outside.outside import Outside
from eventyard.outside.resources import Named, account_of, target_arn
from eventyard.outside.target import EitherTarget, OutsideTarget

__all__ = [
    "EitherTarget",
    "Kinds",
    "Named",
    "Outside",
    "OutsideTarget",
    "account_of",
    "target_arn",
]
