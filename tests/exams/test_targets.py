"""Every kind of target outside sits every exam that its server makes possible."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventyard.exams.target import Exam, exams_of
from tests.exams.places import PLACES
from tests.servers import Server

SITTINGS = [(kind, exam) for kind, place in PLACES.items() for exam in exams_of(place.traits)]


@pytest.mark.parametrize(
    ("kind", "exam"), SITTINGS, ids=[f"{kind}-{exam.__name__.removeprefix('exam_')}" for kind, exam in SITTINGS]
)
async def test_target(kind: str, exam: Exam, server_of: Callable[[str], Server]) -> None:
    place = PLACES[kind](server_of(kind))
    await place.prepare()
    await exam(place)
