"""The exam of a store: each ``exam_*`` takes a fresh, empty :class:`~eventyard.store.Store` and asserts one behaviour.

``EXAMS`` is all of them. Durability is not examined here: it takes an engine's own means to break what it stands on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from eventyard.exams.store_log import LOG_EXAMS
from eventyard.exams.store_progress import PROGRESS_EXAMS
from eventyard.exams.store_queues import QUEUE_EXAMS
from eventyard.store import Store

Exam = Callable[[Store], Awaitable[None]]

EXAMS: tuple[Exam, ...] = (*LOG_EXAMS, *PROGRESS_EXAMS, *QUEUE_EXAMS)
