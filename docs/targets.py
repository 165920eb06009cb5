"""Prints docs/targets.md: which of the kinds of targets that EventBridge documents this revision delivers to.

python docs/targets.py > docs/targets.md
"""

from __future__ import annotations

import asyncio

from eventyard.clock import SystemClock
from eventyard.server import House
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from eventyard.targets.catalogue import KINDS


async def supported() -> dict[str, bool]:
    store = await open_memory()
    house = House(store, Settings(dev=True), SystemClock())
    found = {kind.title: house.supports(kind.example) for kind in KINDS}
    await store.close()
    return found


def page(found: dict[str, bool]) -> str:
    lines = [
        "# Targets of rules",
        "",
        "The kinds of targets that Amazon EventBridge documents for rules, and what becomes of each here; `make docs`",
        "writes this page from the code. What is not delivered to is refused by PutTargets, which names it, so that no",
        "rule matches events for a target that never gets them.",
        "",
        f"Delivered to: {sum(found.values())} of {len(found)}.",
        "",
        "| kind | its ARNs look like | here |",
        "|---|---|---|",
    ]
    for kind in sorted(KINDS, key=lambda kind: kind.title.removeprefix("Amazon ").removeprefix("AWS ").lower()):
        here = "delivered to" if found[kind.title] else "refused by name"
        lines.append(f"| {kind.title} | `{kind.example}` | {here} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(asyncio.run(supported())), end="")
