"""The door of Lambda's API: which operation is answered by whom."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.functions.configuration import Configuration
from eventyard.api.functions.invoke import Invoke
from eventyard.api.functions.mappings import CheckSource, Mappings
from eventyard.api.functions.permissions import Permissions
from eventyard.api.functions.settings import Settings
from eventyard.api.functions.tags import Tags
from eventyard.clock import Clock
from eventyard.functions import Functions
from eventyard.pipes import Pipes
from eventyard.wire import Door


def functions_door(
    functions: Functions,
    clock: Clock,
    allowed: bool,
    pipes: Pipes,
    check_source: CheckSource,
    result: Callable[[str], str | None],
) -> Door:
    """``allowed``: whether users may bring code to this server at all. ``result``: what became of the last call of an
    event source mapping."""
    return Door(
        service="lambda",
        operations={
            **Configuration(functions, clock, allowed).operations(),
            **Invoke(functions, clock).operations(),
            **Mappings(functions, pipes, clock, check_source, result).operations(),
            **Permissions(functions).operations(),
            **Settings(functions).operations(),
            **Tags(functions, pipes).operations(),
        },
    )
