"""The stub of a handler, given events."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

from eventyard.codegen import STYLES, handler
from eventyard.contract import Contract
from tests.acceptance.codegen.contracts import ATOMS, CONTRACTS, PURCHASE_DETAIL

_EVENT = {
    "version": "0",
    "id": "1",
    "detail-type": "PurchaseApproved",
    "source": "uk.co.cars.sales",
    "account": "123456789012",
    "time": "2026-11-25T21:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": PURCHASE_DETAIL,
}


def _import(contract: Contract, style: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    for name, text in handler(contract, ATOMS, style=style).items():
        (folder / name).write_text(text)
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    monkeypatch.syspath_prepend(folder)
    module = importlib.import_module("purchase_approved_handler")
    return module.handle_purchase_approved


@pytest.mark.skipif(importlib.util.find_spec("eventyard.client") is None, reason="there is no eventyard.client yet")
@pytest.mark.parametrize("style", STYLES)
def test_a_stub_parses_the_event_and_says_that_it_does_nothing(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = _import(CONTRACTS[0], style, tmp_path, monkeypatch)
    assert callable(handle)
    with pytest.raises(NotImplementedError, match="PurchaseApproved is not handled yet"):
        handle(_EVENT, None)
    with pytest.raises(Exception, match="kind"):
        handle(_EVENT | {"detail": PURCHASE_DETAIL | {"kind": "barter"}}, None)
