"""What ``put`` raises, beyond the tree of ``errors.py``: a detail that breaks its contract, and many puts of which
some failed."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.contract import Contract, Violation
from eventyard.errors import EventyardError, InvalidRequest
from eventyard.text import printable


class ContractViolation(InvalidRequest):
    """Nothing was sent: the detail breaks the contract of its event. ``violations``: each path with what was expected
    and what is there. Its text is for the developer who sees it in a log."""

    default_code = "ContractViolation"

    def __init__(self, contract: Contract, violations: Sequence[Violation]) -> None:
        self.contract = contract
        self.violations = tuple(sorted(violations, key=lambda each: each.path))
        super().__init__(_told(contract, self.violations))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.contract, self.violations)


class ManyFailed(EventyardError):
    """Some events of ``put_many`` were not published. ``outcomes``: for each event, in the order given, its id, or
    the error, or None if it was not sent because others broke their contracts."""

    default_code = "ManyFailed"

    def __init__(self, outcomes: Sequence[str | EventyardError | None]) -> None:
        self.outcomes = tuple(outcomes)
        errors = [each for each in self.outcomes if isinstance(each, EventyardError)]
        super().__init__(f"{len(errors)} of {len(self.outcomes)} events were not published. The first: {errors[0]}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.outcomes,)


def _told(contract: Contract, violations: Sequence[Violation]) -> str:
    places = "1 place" if len(violations) == 1 else f"{len(violations)} places"
    version = f"version {contract.version}"
    document = f"{printable(contract.path)}, {version}" if contract.path else version
    lines = [f"{printable(contract.type)} breaks its contract in {places} ({document}):"]
    for each in violations:
        actual = each.actual or "nothing"
        lines.append(f"  {printable(each.path) or '(the detail)'}")
        lines.append(f"      expected  {each.expected}")
        lines.append(f"      actual    {actual}")
    return "\n".join(lines)
