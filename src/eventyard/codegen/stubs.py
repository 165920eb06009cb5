"""Stubs of handlers, one for each language: they take one event, parsed and typed, and wait to be filled in."""

from __future__ import annotations

import re

from eventyard.codegen.identifier import prose, snake
from eventyard.codegen.typescript import comment, quoted
from eventyard.contract import Contract


def python_handler(contract: Contract, module: str, model: str, about: str) -> str:
    """A function behind ``eventyard.handler``, which checks and parses the event."""
    told = re.sub(r"\s+", " ", about).replace("\\", "/").replace('"', "'")
    return f'''"""{told}"""

from eventyard import handler

from {module} import {model}


@handler({contract.type!a}, model={model})
async def handle_{snake(model)}(event: {model}) -> None:
    raise NotImplementedError({f"{contract.type} is not handled yet"!a})
'''


def typescript_handler(contract: Contract, module: str, model: str, about: str) -> str:
    """A Lambda function that a rule invokes (Lambda developer guide, "Process Amazon EventBridge events")."""
    kind, source = quoted(contract.type), quoted(contract.source)
    told = "\n".join(comment(re.sub(r"\s+", " ", prose(about))))
    return f"""import type {{ {model} }} from "./{module}";

/** An event as EventBridge hands it to a function. */
export interface EventBridgeEvent<Detail> {{
  version: string;
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Detail;
}}

{told}
export async function handler(event: EventBridgeEvent<{model}>): Promise<void> {{
  if (event["detail-type"] !== {kind} || event.source !== {source}) {{
    throw new Error(`${{event["detail-type"]}} of ${{event.source}} was sent to the handler of another event`);
  }}
  await on{model}(event.detail, event);
}}

async function on{model}(detail: {model}, event: EventBridgeEvent<{model}>): Promise<void> {{
  throw new Error({quoted(f"{contract.type} is not handled yet: ")} + event.id + JSON.stringify(detail));
}}
"""
