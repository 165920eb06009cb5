"""Prints docs/operations.md: which of AWS's operations this revision answers, from its doors and botocore's models.

python docs/operations.py > docs/operations.md
"""

from __future__ import annotations

import asyncio

from eventyard.clock import SystemClock
from eventyard.server import House, doors_of
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from eventyard.wire import Door
from eventyard.wire.service import load_model


async def doors() -> list[Door]:
    store = await open_memory()
    found = doors_of(House(store, Settings(dev=True), SystemClock()))
    await store.close()
    return sorted(found, key=lambda door: door.service)


def page(doors: list[Door]) -> str:
    lines = [
        "# Operations",
        "",
        "Which of AWS's operations are answered; `make docs` writes this page from the code. Every other one is",
        "refused by name. An operation that is listed may still refuse some parameters, and says which.",
        "",
        "| service | answered | of |",
        "|---|---|---|",
    ]
    names = {door.service: sorted(load_model(door.service).operation_names) for door in doors}
    for door in doors:
        lines.append(f"| {door.service} | {len(door.operations)} | {len(names[door.service])} |")
    for door in doors:
        missing = [name for name in names[door.service] if name not in door.operations]
        lines += ["", f"## {door.service}", "", f"Answered: {', '.join(sorted(door.operations))}."]
        if missing:
            lines += ["", f"Refused: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(asyncio.run(doors())), end="")
