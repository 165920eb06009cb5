"""Which providers there are: the shipped ones by name, then those of the entry point ``eventyard.providers``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from eventyard.errors import InvalidRequest
from eventyard.provider import Make
from eventyard.providers.cloudevents import CloudEvents
from eventyard.providers.github import GitHub
from eventyard.providers.gitlab import GitLab
from eventyard.providers.mtls import ClientCertificate
from eventyard.providers.shopify import Shopify
from eventyard.providers.signed import Signed
from eventyard.providers.slack import Slack
from eventyard.providers.standard import StandardWebhooks
from eventyard.providers.stripe import Stripe
from eventyard.providers.token import Token
from eventyard.providers.twilio import Twilio

_GROUP = "eventyard.providers"

BUILT_IN: Mapping[str, Make] = {
    "cloudevents": CloudEvents,
    "github": GitHub,
    "gitlab": GitLab,
    "hmac": Signed,
    "mtls": ClientCertificate,
    "shopify": Shopify,
    "slack": Slack,
    "standard-webhooks": StandardWebhooks,
    "stripe": Stripe,
    "token": Token,
    "twilio": Twilio,
}


def names() -> list[str]:
    """The names of all providers, sorted."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=_GROUP))})


def find(name: str) -> Make:
    """How the provider called ``name`` is made. Raises InvalidRequest if there is none, or it can't load."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    for point in entry_points(group=_GROUP):
        if point.name == name:
            try:
                made: Make = point.load()
            except (ImportError, AttributeError) as error:
                raise InvalidRequest(f"Provider {name} can't be loaded: {error}.") from error
            return made
    raise InvalidRequest(f"There is no provider {name[:100]!r}. There are {', '.join(names())}.")
