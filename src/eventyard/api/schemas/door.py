"""The door of the EventBridge Schemas API: all 31 operations."""

from __future__ import annotations

from eventyard.api.schemas.access import Access
from eventyard.api.schemas.bindings import BindingOperations
from eventyard.api.schemas.discoverers import DiscovererOperations
from eventyard.api.schemas.registries import RegistryOperations
from eventyard.api.schemas.schemas import SchemaOperations
from eventyard.api.schemas.tags import TagOperations
from eventyard.clock import Clock
from eventyard.schemas import Bindings, Discoverers, Discovery, Registries, Schemas
from eventyard.wire import Door


def schemas_door(
    registries: Registries,
    schemas: Schemas,
    discoverers: Discoverers,
    discovery: Discovery,
    bindings: Bindings,
    clock: Clock,
) -> Door:
    access = Access(registries)
    return Door(
        service="schemas",
        operations={
            **RegistryOperations(registries, access).operations(),
            **SchemaOperations(schemas, bindings, discovery, access, clock).operations(),
            **DiscovererOperations(discoverers).operations(),
            **BindingOperations(schemas, bindings, access).operations(),
            **TagOperations(registries, schemas, discoverers).operations(),
        },
    )
