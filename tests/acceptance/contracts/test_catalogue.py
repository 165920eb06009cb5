"""``eventyard contracts docs``, and the site it writes in a real browser, from files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.acceptance.contracts.command import contracts
from tests.unit.contracts.documents import document, sold, write
from tests.unit.contracts.test_catalogue import CARS, HOSTILE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not complain, nor ask for anything but files."""
    context = browser.new_context()
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site") / "catalogue"
    status, told = contracts("docs", str(CARS), "--output", str(site), "--title", "Cars")
    assert status == 0, told
    return site


@in_browser
def test_search_finds_and_opens_a_page_by_keyboard_alone(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/services/sales.html")
    page.keyboard.press("/")
    page.keyboard.type("deliveryS")
    assert page.locator("#found li").first.inner_text().startswith("DeliveryScheduled")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#search", "aria-activedescendant") == "found-1"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/uk-co-cars-delivery-DeliveryScheduled.html")
    assert page.locator("h1").inner_text() == "Delivery Scheduled"


@in_browser
def test_search_finds_events_by_their_members(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/index.html")
    page.fill("#search", "delivery_address")
    names = page.locator("#found li span").all_inner_texts()
    assert {"OrderPlaced", "DeliveryScheduled"} <= set(names)
    page.fill("#search", "no such thing at all")
    assert page.locator("#found").inner_text() == "Nothing found."
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()


@in_browser
def test_a_chosen_box_lights_what_it_is_joined_to(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/index.html")
    page.locator(".flow a.event", has_text="CarCollected").first.focus()
    lit = page.locator(".flow a.lit").all_text_contents()
    assert sorted(each.rpartition(" ")[2] for each in lit) == [
        "CarCollectedCarCollected",
        "logisticslogistics",
        "workshopworkshop",
    ]
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/*CarCollected.html")


@in_browser
def test_no_page_is_wider_than_a_small_screen(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for name in (
        "index.html",
        "events/uk-co-cars-sales-OrderPlaced.html",
        "atoms/https-schema-example-com-atoms-address.html",
        "services/finance.html",
    ):
        page.goto(f"{site.as_uri()}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


@in_browser
def test_hostile_documents_run_nothing(page: Page, tmp_path: Path) -> None:
    hostile = {"type": HOSTILE, "publisher": HOSTILE, "subscribers": [HOSTILE], "owner": HOSTILE}
    text = document(sold(**{HOSTILE: {"description": HOSTILE}}), hostile, {HOSTILE: HOSTILE}, prose=HOSTILE)
    folder = write(tmp_path / "contracts", {"events/hostile.md": text})
    status, told = contracts("docs", str(folder), "-o", str(tmp_path / "site"), "--title", HOSTILE)
    assert status == 0, told
    for path in sorted((tmp_path / "site").rglob("*.html")):
        page.goto(path.as_uri())
        page.fill("#search", "script")
        assert page.locator("#found li").count() >= 1
        assert page.evaluate("document.images.length") == 0


def test_a_folder_that_is_no_catalogue_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    status, told = contracts("docs", str(CARS), "--output", str(tmp_path))
    assert (status, [each.name for each in tmp_path.iterdir()]) == (1, ["mine.txt"])
    assert "is not empty and no catalogue" in told


def test_a_catalogue_written_again_has_no_pages_of_what_is_gone(tmp_path: Path) -> None:
    folder = write(tmp_path / "contracts", {"a.md": document(sold()), "b.md": document(sold(), {"type": "CarBought"})})
    site = tmp_path / "site"
    assert contracts("docs", str(folder), "--output", str(site))[0] == 0
    assert (site / "events" / "uk-co-cars-CarBought.html").exists()
    (folder / "b.md").unlink()
    assert contracts("docs", str(folder), "--output", str(site))[0] == 0
    assert [each.name for each in (site / "events").iterdir()] == ["uk-co-cars-CarSold.html"]


def test_the_asyncapi_document_goes_to_standard_output() -> None:
    status, told = contracts("docs", str(CARS), "--asyncapi", "--service", "delivery")
    found = json.loads(told)
    assert (status, found["asyncapi"], found["info"]["title"]) == (0, "3.0.0", "delivery")
    assert contracts("docs", str(CARS), "--service", "delivery")[0] == 1
