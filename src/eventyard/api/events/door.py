"""The door of Amazon EventBridge's API: which operation is answered by whom."""

from __future__ import annotations

import secrets

from eventyard.api.events.access import Access
from eventyard.api.events.api_destinations import ApiDestinationOperations
from eventyard.api.events.archives import ArchiveOperations
from eventyard.api.events.buses import Buses
from eventyard.api.events.connections import ConnectionOperations
from eventyard.api.events.endpoints import EndpointOperations
from eventyard.api.events.entries import Publish
from eventyard.api.events.limits import Limits
from eventyard.api.events.managed import RuleBook
from eventyard.api.events.partners import PartnerOperations
from eventyard.api.events.pattern_test import check_event_pattern
from eventyard.api.events.permissions import Permissions
from eventyard.api.events.put import PutEvents
from eventyard.api.events.replays import ReplayOperations
from eventyard.api.events.rules import Rules
from eventyard.api.events.tags import Tags
from eventyard.api.events.targets import Elsewhere, Supported, Targets
from eventyard.archives import Archives, Replays
from eventyard.bus.directory import Directory
from eventyard.clock import Clock
from eventyard.connections import Connections
from eventyard.endpoints import Endpoints
from eventyard.partners import Partners
from eventyard.wire import Door, Handler


def events_door(
    directory: Directory,
    publish: Publish,
    clock: Clock,
    limits: Limits | None = None,
    supported: Supported = lambda arn: True,
    archives: Archives | None = None,
    replays: Replays | None = None,
    connections: Connections | None = None,
    partners: Partners | None = None,
    endpoints: Endpoints | None = None,
    access: Access | None = None,
    plain: bool = False,
    elsewhere: Elsewhere = lambda owner, arn: False,
) -> Door:
    """The operations on events, buses, rules, targets, tags and permissions; with ``connections`` also those on
    connections and API destinations.

    ``publish``: returns when the events are durable. ``supported``: whether this server can deliver to an ARN; a target
    that it can't deliver to is refused. ``elsewhere``: whether an account declared that of an ARN to be
    elsewhere, where it can be delivered to. ``limits``: AWS's default quotas if left out. Without ``archives``,
    ``replays``, ``partners`` or ``endpoints`` their operations are refused. ``plain``: URLs of API destinations may be
    http.
    """
    limits = limits or Limits()
    access = access or Access(directory, clock)
    book = RuleBook(directory, archives)
    put = PutEvents(directory, publish, clock, limits, endpoints, access)
    calling: dict[str, Handler] = {}
    if connections is not None:
        calling = {
            **ConnectionOperations(connections, clock, plain).operations(),
            **ApiDestinationOperations(connections, clock, plain).operations(),
        }
    if partners is not None:
        calling |= PartnerOperations(partners, publish, clock, limits).operations()
    if endpoints is not None:
        calling |= EndpointOperations(endpoints, directory, clock, limits, _endpoint_id).operations()
    return Door(
        service="events",
        operations={
            "PutEvents": put.general,
            "TestEventPattern": check_event_pattern,
            **_archiving(archives, replays, directory, book, clock),
            **calling,
            **access.guard(
                {
                    **Buses(directory, book, clock, limits, partners).operations(),
                    **Permissions(directory, limits).operations(),
                    **Rules(directory, book, clock, limits).operations(),
                    **Tags(directory, book, limits).operations(),
                    **Targets(directory, book, limits, supported, elsewhere).operations(),
                }
            ),
        },
        fast={"PutEvents": put.fast},
    )


def _endpoint_id() -> str:
    """Like AWS's: ten letters and digits, a dot, three letters."""
    return f"{secrets.token_hex(5)}.veo"


def _archiving(
    archives: Archives | None, replays: Replays | None, directory: Directory, book: RuleBook, clock: Clock
) -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    if archives is not None:
        found |= ArchiveOperations(archives, directory, book, clock).operations()
        if replays is not None:
            found |= ReplayOperations(replays, archives, directory, clock).operations()
    return found
