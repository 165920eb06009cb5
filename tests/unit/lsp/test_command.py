"""``eventyard lsp`` where its extra is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventyard.cli.lsp import lsp
from eventyard.errors import Unsupported


def test_a_missing_library_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "eventyard.lsp.server", raising=False)
    monkeypatch.setitem(sys.modules, "pygls", None)
    with pytest.raises(Unsupported, match=r"eventyard\[lsp\]"):
        lsp(tmp_path)
