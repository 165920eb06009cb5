"""Prints docs/targets.md: which of the kinds of targets that EventBridge documents this revision delivers to.

python docs/targets.py > docs/targets.md
"""

from __future__ import annotations

import asyncio

from eventyard.clock import SystemClock
from eventyard.server import House
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from eventyard.targets.aws.services import supports
from eventyard.targets.catalogue import KINDS


async def places() -> dict[str, str]:
    """Where each kind is delivered to, by title."""
    store = await open_memory()
    house = House(store, Settings(dev=True), SystemClock())
    found = {}
    for kind in KINDS:
        here = house.supports(kind.example) and not kind.action
        elsewhere = supports(kind.example)
        found[kind.title] = _WORDS[here, elsewhere]
    await store.close()
    return found


_WORDS = {
    (True, True): "here and elsewhere",
    (True, False): "here",
    (False, True): "elsewhere",
    (False, False): "refused by name",
}


def page(found: dict[str, str]) -> str:
    lines = [
        "# Targets of rules",
        "",
        "The kinds of targets that Amazon EventBridge documents for rules, and where this server delivers to each: on",
        "this server (here), or in an account that was declared to be elsewhere, see",
        "[targets-outside.md](targets-outside.md). What is delivered to nowhere is refused by PutTargets, by name, so",
        "that no rule matches events for a target that never gets them. `make docs` writes this page from the code.",
        "",
        "| kind | its ARNs look like | delivered to |",
        "|---|---|---|",
    ]
    for kind in sorted(KINDS, key=lambda kind: kind.title.removeprefix("Amazon ").removeprefix("AWS ").lower()):
        lines.append(f"| {kind.title} | `{kind.example}` | {found[kind.title]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(asyncio.run(places())), end="")
