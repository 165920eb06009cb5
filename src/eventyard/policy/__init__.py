"""Resource policies: read one, and decide by it who may do what. It knows no buses and no accounts' own rights."""

from eventyard.policy.document import Policy, Request, Statement, parse_policy

__all__ = ["Policy", "Request", "Statement", "parse_policy"]
