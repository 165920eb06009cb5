"""Requests for trying out, in the form that the providers' documentation shows. Ids and values are examples of theirs.

They were not recorded from traffic. Each says below where it is taken from.
"""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode

#: Stripe API reference, "The Charge object" (the example there, in parts), in the form of "The Event object".
CHARGE_SUCCEEDED = _encode({
    "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
    "object": "event",
    "api_version": "2019-02-19",
    "created": 1686089970,
    "data": {
        "object": {
            "id": "ch_3MmlLrLkdIwHu7ix0snN0B15",
            "object": "charge",
            "amount": 1099,
            "amount_captured": 1099,
            "amount_refunded": 0,
            "balance_transaction": "txn_3MmlLrLkdIwHu7ix0uke3Ezy",
            "calculated_statement_descriptor": "Stripe",
            "captured": True,
            "created": 1679090539,
            "currency": "usd",
            "customer": None,
            "disputed": False,
            "livemode": False,
            "metadata": {},
            "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
            "paid": True,
            "payment_method": "card_1MmlLrLkdIwHu7ixIJwEWSNR",
            "refunded": False,
            "status": "succeeded",
        }
    },
    "livemode": False,
    "pending_webhooks": 0,
    "request": {"id": None, "idempotency_key": None},
    "type": "charge.succeeded",
})  # fmt: skip

#: GitHub's documentation, "Webhook events and payloads", the example delivery (of event ``issues``), which is
#: shortened there.
ISSUE_OPENED = _encode({
    "action": "opened",
    "issue": {"url": "https://api.github.com/repos/octocat/Hello-World/issues/1347", "number": 1347},
    "repository": {"id": 1296269, "full_name": "octocat/Hello-World", "owner": {"login": "octocat", "id": 1}},
    "sender": {"login": "octocat", "id": 1},
})  # fmt: skip

#: Members of Shopify's order that its webhook reference lists for ``orders/create``; values are ours.
ORDER_CREATED = _encode({
    "id": 820982911946154508,
    "email": "jon@example.com",
    "created_at": "2021-12-31T19:00:00-05:00",
    "currency": "USD",
    "total_price": "388.00",
    "line_items": [{"id": 487817672276298554, "sku": "IPOD2008GREEN", "quantity": 1, "price": "199.00"}],
})  # fmt: skip

#: Slack's documentation, "The Events API", the outer event around a message.
SLACK_EVENT = _encode({
    "token": "z26uFbvR1xHJEdHE1OQiO6t8",
    "team_id": "T123ABC456",
    "api_app_id": "A123ABC456",
    "event": {"type": "reaction_added", "user": "U123ABC456", "item": {"type": "message", "ts": "1464196127.000002"}},
    "type": "event_callback",
    "event_id": "Ev123ABC456",
    "event_time": 1234567890,
})  # fmt: skip

#: Fields of Twilio's request for an incoming message, by its reference; values are ours.
TWILIO_MESSAGE = (
    b"AccountSid=AC00000000000000000000000000000000&Body=Hello+there&From=%2B14017122661&"
    b"MessageSid=SM00000000000000000000000000000000&NumMedia=0&SmsStatus=received&To=%2B15558675310"
)

#: Standard Webhooks specification, "Signature scheme".
CONTACT_CREATED = (
    b'{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":'
    b'{"id":"1f81eb52-5198-4599-803e-771906343485"}}'
)

#: Members of GitLab's push event that its documentation lists; values are ours.
GITLAB_PUSH = _encode({
    "object_kind": "push",
    "event_name": "push",
    "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
    "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    "ref": "refs/heads/main",
    "project": {"id": 15, "path_with_namespace": "mike/diaspora"},
    "total_commits_count": 0,
    "commits": [],
})  # fmt: skip

#: Of nobody in particular.
GENERIC = b'{"id":"1","type":"sample.sent","data":{"greeting":"hello"}}'

#: CloudEvents specification, in the form of its examples.
CLOUD_EVENT = _encode({
    "specversion": "1.0",
    "type": "com.github.pull_request.opened",
    "source": "https://github.com/cloudevents/spec/pull",
    "subject": "123",
    "id": "A234-1234-1234",
    "time": "2018-04-05T17:31:00Z",
    "datacontenttype": "application/json",
    "data": {"number": 123},
})  # fmt: skip
