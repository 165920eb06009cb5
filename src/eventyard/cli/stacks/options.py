"""Options that the commands on stacks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="STACK", help="The stack's name.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Json = Annotated[bool, typer.Option("--json", help="Everything as JSON; asks nothing.")]
Aws = Annotated[
    bool, typer.Option("--aws", help="Apply to AWS itself, as this machine is configured for it, not to a server.")
]
Records = Annotated[Path, typer.Option("--records", help="Where the records of stacks in AWS are kept, as files.")]
RECORDS = Path(".eventyard") / "stacks"
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Go on though somebody else seems to be applying the stack.")
]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="With --plan: end with status 2 if there is something to do.")
]
