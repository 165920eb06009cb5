"""How a test says that an operation is refused with a certain code and sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, message: str | None = None) -> Iterator[None]:
    """The block must end in AWS's error ``code``, with exactly ``message`` if one is given."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    if message is not None:
        assert error["Message"] == message


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """The code and message with which ``call`` fails."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"]
