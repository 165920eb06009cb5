"""Stacks applied through the public APIs: what is recorded, what is there, what is wanted, and the steps between."""

from eventyard.stacks.apply import Outcome, carry_out
from eventyard.stacks.difference import Change
from eventyard.stacks.kinds import KINDS
from eventyard.stacks.plan import Drift, Plan, Step, find_drift, make_plan
from eventyard.stacks.record import Entry, Ledger, Record, Records
from eventyard.stacks.seal import SEAL
from eventyard.stacks.site import Site
from eventyard.stacks.values import UNKNOWN, identical

__all__ = [
    "KINDS", "SEAL", "UNKNOWN", "Change", "Drift", "Entry", "Ledger", "Outcome", "Plan", "Record", "Records", "Site",
    "Step", "carry_out", "find_drift", "identical", "make_plan",
]  # fmt: skip
