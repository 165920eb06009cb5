"""Amazon EventBridge's API (botocore's service "events"): events, buses, rules, targets, tags and permissions.

It turns AWS's words into the rooms' and back; it keeps nothing and delivers nothing itself.
"""

from eventyard.api.events.access import Access, role_of
from eventyard.api.events.door import events_door
from eventyard.api.events.limits import Limits

__all__ = ["Access", "Limits", "events_door", "role_of"]
