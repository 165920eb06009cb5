"""The topics room: topics as logs, and their subscriptions with filters. Knows no buses, no queues and no HTTP.

A message's way: ``message`` checks it and makes it an event, ``publishing`` appends that to the topic's log, ``filter``
says for which subscriptions, ``delivery`` and ``notification`` what each is sent, ``signing`` proves where it comes
from, ``retries`` says when it is tried again. ``topics`` and ``subscriptions`` keep what users made.
"""

from eventyard.topics.delivery import Delivering, Ways
from eventyard.topics.message import MAX_MESSAGE, Attribute, Message, from_json, iso_millis
from eventyard.topics.publishing import Receipt
from eventyard.topics.resources import HTTP, Subscription, Topic
from eventyard.topics.retries import effective, effective_document
from eventyard.topics.signing import FOLDER, Signer
from eventyard.topics.topics import Topics

__all__ = [
    "FOLDER",
    "HTTP",
    "MAX_MESSAGE",
    "Attribute",
    "Delivering",
    "Message",
    "Receipt",
    "Signer",
    "Subscription",
    "Topic",
    "Topics",
    "Ways",
    "effective",
    "effective_document",
    "from_json",
    "iso_millis",
]
