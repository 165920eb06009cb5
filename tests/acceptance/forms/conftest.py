"""A real browser without a window, and the command that shows a form."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no chromium; `make test` installs it as root on Debian")
    with sync_playwright() as playwright:
        # Root in a container has no sandbox to use.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which nothing may go wrong unseen, and that may load nothing from elsewhere."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda request: None if "//127.0.0.1:" in request.url else wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def show_form(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts ``eventyard contracts form`` and gives the URL."""
    running: list[subprocess.Popen[str]] = []

    def show(event: str, contracts: Path, *options: str) -> str:
        command = [sys.executable, "-m", "eventyard", "contracts", "form", event, "--contracts", str(contracts)]
        process = subprocess.Popen([*command, "--no-browse", *options], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()[1]

    yield show
    for process in running:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
