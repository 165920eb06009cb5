"""Every engine sits every exam of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventyard.exams.store import EXAMS, Exam
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.stores.sqlite import open_sqlite


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store
    if request.param == "memory":
        opened = await open_memory()
    else:
        opened = await open_sqlite(tmp_path)
    yield opened
    await opened.close()


@pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: exam.__name__.removeprefix("exam_"))
async def test_store(store: Store, exam: Exam) -> None:
    await exam(store)
