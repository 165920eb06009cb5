"""Which accounts an operator says are in which organization."""

from __future__ import annotations

import pytest

from eventyard.errors import InvalidRequest
from eventyard.settings import Settings

A, B, C = "111122223333", "444455556666", "777788889999"


def test_accounts_are_in_the_organization_that_names_them() -> None:
    settings = Settings(organization=(f"o-exampleorg1={A},{B}", f"o-exampleorg2={C}"))
    settings.check()
    assert settings.organizations() == {A: "o-exampleorg1", B: "o-exampleorg1", C: "o-exampleorg2"}


@pytest.mark.parametrize(
    "given",
    [
        ["o-exampleorg1"],
        ["o-exampleorg1="],
        [f"o-short={A}"],
        [f"exampleorg1={A}"],
        ["o-exampleorg1=12345"],
        [f"o-exampleorg1={A}", f"o-exampleorg2={A}"],
    ],
)
def test_what_names_no_organization_is_refused(given: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="--organization"):
        Settings(organization=tuple(given)).check()
