"""The bus: a retained log, and whoever receives events as a subscriber on it.

The path of an event: ``publisher`` appends, ``router`` matches, ``subscriber`` takes, ``delivery`` delivers and enters
what became of it in the ``ledger``; ``retry`` tries again what was deferred. ``directory`` holds buses and rules as
users made them, ``engine`` keeps the rest in line with it.
"""

from eventyard.bus.directory import Directory
from eventyard.bus.engine import Engine, Retention
from eventyard.bus.publisher import Publisher

__all__ = ["Directory", "Engine", "Publisher", "Retention"]
