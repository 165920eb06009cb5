"""Webhooks' two doors: the one that senders post to, and the pages for those who own the webhooks."""

from eventyard.api.webhooks.cloudevents import CloudEventsPage
from eventyard.api.webhooks.door import PREFIX, WebhookDoor
from eventyard.api.webhooks.metrics import WebhookMetrics
from eventyard.api.webhooks.pages import WebhookPages

__all__ = ["PREFIX", "CloudEventsPage", "WebhookDoor", "WebhookMetrics", "WebhookPages"]
