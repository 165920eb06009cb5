"""The commands on stacks: apply files, destroy what they made, and look at what was applied."""

from eventyard.cli.stacks.apply import apply
from eventyard.cli.stacks.destroy import destroy
from eventyard.cli.stacks.looking import stacks

__all__ = ["apply", "destroy", "stacks"]
