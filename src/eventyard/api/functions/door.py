"""The door of Lambda's API: which operation is answered by whom."""

from __future__ import annotations

from eventyard.api.functions.configuration import Configuration
from eventyard.api.functions.invoke import Invoke
from eventyard.api.functions.permissions import Permissions
from eventyard.api.functions.settings import Settings
from eventyard.clock import Clock
from eventyard.functions import Functions
from eventyard.wire import Door


def functions_door(functions: Functions, clock: Clock, allowed: bool) -> Door:
    """``allowed``: whether users may bring code to this server at all."""
    return Door(
        service="lambda",
        operations={
            **Configuration(functions, clock, allowed).operations(),
            **Invoke(functions, clock).operations(),
            **Permissions(functions).operations(),
            **Settings(functions).operations(),
        },
    )
