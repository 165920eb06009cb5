"""Partner event sources: which partner offers events to which account, and whether that account takes them.

It holds no events and no buses: a source is matched by a bus of its name, which others make.
"""

from eventyard.partners.partners import Partners
from eventyard.partners.resources import ACTIVE, DELETED, PENDING, Source

__all__ = ["ACTIVE", "DELETED", "PENDING", "Partners", "Source"]
