"""Webhooks: which there are, what came through them before, and the events that come of what is new.

It knows neither HTTP servers nor schemes of signatures: a door hands requests in, providers are handed in by name.
"""

from eventyard.webhooks.intake import Intake, Taken
from eventyard.webhooks.memory import deliveries_of, raw_of
from eventyard.webhooks.resources import Secret, Webhook, webhook_arn
from eventyard.webhooks.tally import Refusal, Tally
from eventyard.webhooks.wanted import Wanted
from eventyard.webhooks.webhooks import Live, Webhooks

__all__ = [
    "Intake",
    "Live",
    "Refusal",
    "Secret",
    "Taken",
    "Tally",
    "Wanted",
    "Webhook",
    "Webhooks",
    "deliveries_of",
    "raw_of",
    "webhook_arn",
]
