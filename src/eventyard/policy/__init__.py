"""Resource policies: read one, and decide by it who may do what. It knows no buses and no accounts' own rights."""

from eventyard.policy.document import Policy, Request, Statement, denies, parse_policy
from eventyard.policy.keys import (
    BUS,
    CONNECTED,
    DELIVERY,
    DIRECT,
    at_time,
    of_caller,
    of_connection,
    of_members,
    of_service,
)
from eventyard.policy.text import Keys

__all__ = [
    "BUS",
    "CONNECTED",
    "DELIVERY",
    "DIRECT",
    "Keys",
    "Policy",
    "Request",
    "Statement",
    "at_time",
    "denies",
    "of_caller",
    "of_connection",
    "of_members",
    "of_service",
    "parse_policy",
]
