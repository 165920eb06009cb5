"""Receipts: the token of a claim and the sequence number of a message, by which a receipt finds its message."""

from __future__ import annotations

import re

_HEX = re.compile("[0-9a-f]+")


def receipt_of(token: str, sequence: int) -> str:
    """The receipt of a message in the claim with ``token``."""
    return f"{token}-{sequence:x}"


def sequence_in(receipt: str) -> int:
    """The sequence number in a receipt; 0, which no message has, in what can't be one of ours."""
    digits = receipt.rpartition("-")[2]
    return int(digits, 16) if len(digits) < 16 and _HEX.fullmatch(digits) else 0
