"""Details made up from a contract's schema: valid ones, and ones with a single named defect.

Whatever is returned was checked with the same validator as the broker's. What can't be made up is refused by name."""

from eventyard.contracts.samples.defect import Defect, defects
from eventyard.contracts.samples.sampler import Sampler, samples

__all__ = ["Defect", "Sampler", "defects", "samples"]
