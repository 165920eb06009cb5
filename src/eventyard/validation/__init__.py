"""The broker's check of events against their contracts: off, warn, quarantine or reject, for each bus and event.

It asks for contracts where they are registered and knows no registry, no queue and no bus.
"""

from eventyard.validation.quarantine import Quarantine
from eventyard.validation.rules import MODES, Mode, Rules
from eventyard.validation.tally import Tally
from eventyard.validation.validation import Validation

__all__ = ["MODES", "Mode", "Quarantine", "Rules", "Tally", "Validation"]
