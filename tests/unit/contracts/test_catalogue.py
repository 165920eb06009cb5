"""The pages of the catalogue: complete, joined up, and safe whatever documents say."""

from __future__ import annotations

import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from eventyard.contract import Repository, from_files, read_repository
from eventyard.contracts.catalogue import build
from eventyard.contracts.catalogue.addresses import Addresses

from .documents import VIN, document, sold

CARS = Path(__file__).parents[3] / "examples" / "cars" / "contracts"
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def repository(*documents: str) -> Repository:
    found = from_files({"vin.json": json.dumps(VIN), **{f"events/{at}.md": text for at, text in enumerate(documents)}})
    assert all(each.contract for each in found.documents), found.documents
    return found


def pages(found: Repository) -> dict[str, str]:
    return {name: text.decode() for name, text in build(found, "Cars").items() if name.endswith(".html")}


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.found if (value := attrs.get(attribute))]


@pytest.fixture(scope="module")
def cars() -> dict[str, str]:
    return pages(read_repository(CARS))


def test_every_event_version_service_and_atom_has_a_page(cars: dict[str, str]) -> None:
    known = read_repository(CARS)
    assert sum(name.startswith("events/") for name in cars) == len(known.contracts)
    assert sum(name.startswith("atoms/") for name in cars) == len(known.atoms)
    assert {"services/delivery.html", "services/old-ledger.html", "index.html"} <= cars.keys()


def test_every_link_leads_to_a_page_and_a_place_that_are_there(cars: dict[str, str]) -> None:
    files = build(read_repository(CARS), "Cars")
    anchors = {name: set(Tags(text).values("id")) for name, text in cars.items()}
    for name, text in cars.items():
        tags = Tags(text)
        for link in [*tags.values("href"), *tags.values("src")]:
            path, _, anchor = unquote(link).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            assert target in files, (name, link)
            assert not anchor or anchor in anchors[target], (name, link)


def test_no_page_loads_anything_from_elsewhere_or_runs_what_stands_in_it(cars: dict[str, str]) -> None:
    for text in cars.values():
        for tag, attributes in Tags(text).found:
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "style"
            assert tag != "script" or attributes.get("src")
            assert "//" not in (attributes.get("src") or "")
        assert "script-src 'self'" in text


def test_an_event_page_tells_what_is_in_the_document(cars: dict[str, str]) -> None:
    page = cars["events/uk-co-cars-sales-OrderPlaced.html"]
    for told in (
        "Order Placed",
        "version 2",
        "team-sales",
        "order_number",
        "personal",
        "From version 1 to 2",
        "breaking",
    ):
        assert told in page
    assert 'href="../events/uk-co-cars-sales-PaymentFailed.html"' in page  # from the link to its document in the prose


def test_a_diagram_names_and_links_its_boxes(cars: dict[str, str]) -> None:
    (svg,) = re.findall(r"<svg.*?</svg>", cars["services/logistics.html"], re.S)
    assert "CarCollected" in svg
    assert 'href="../events/uk-co-cars-logistics-CarCollected.html"' in svg


def test_search_knows_events_services_atoms_and_members() -> None:
    script = build(repository(document(sold(note={}))), "Cars")["assets/search.js"].decode()
    entries = json.loads(script.removeprefix("globalThis.catalogue = ").removesuffix(";\n"))
    assert {entry["name"]: entry["kind"] for entry in entries} == {
        "CarSold": "event of sales",
        "finance": "service",
        "sales": "service",
        "vin": "atom",
    }
    assert "note" in entries[0]["words"]


@pytest.mark.parametrize(
    "text",
    [
        document(
            sold(), {"type": HOSTILE, "publisher": HOSTILE, "subscribers": [HOSTILE], "owner": HOSTILE, "bus": HOSTILE}
        ),
        document(sold(), prose=f"{HOSTILE}\n\n[click](javascript:alert(1)) ![x](https://example.com/x.png)"),
        document(
            {"title": HOSTILE, "properties": {HOSTILE: {"description": HOSTILE, "const": HOSTILE, "pattern": HOSTILE}}}
        ),
        document(sold(**{HOSTILE: {}}), None, {"vin": "1C6RD7LT4CS156097", HOSTILE: HOSTILE}),
        document(sold(), {"deprecated": HOSTILE, "sunset": HOSTILE, "correlation": [HOSTILE], "pii": [HOSTILE]}),
    ],
)
def test_hostile_documents_stay_text(text: str) -> None:
    for page in pages(repository(text)).values():
        for tag, attributes in Tags(page).found:
            assert tag != "img"
            assert tag != "script" or (attributes.get("src") or "").startswith(("assets/", "../assets/"))
            assert not any(name.startswith("on") for name in attributes)
            assert not (attributes.get("href") or "").lower().startswith(("javascript:", "data:"))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".", "CON", "", "ä", "x" * 500, "a%2e%2e"])
def test_a_page_stays_in_its_folder_whatever_it_is_called(name: str) -> None:
    assert re.fullmatch(r"events/[A-Za-z0-9_-]{1,100}(-\d+)?\.html", Addresses("events").path(name))


def test_names_that_look_alike_get_pages_of_their_own() -> None:
    addresses = Addresses("events")
    names = ["a@B", "a/B", "A@b", "a-B", "a@B"]
    assert len({addresses.path(name).lower() for name in names}) == 4
    assert addresses.path("a@B") == addresses.path("a@B")


def test_a_repository_without_contracts_has_a_catalogue_that_says_so() -> None:
    assert "0 events" in pages(from_files({}))["index.html"]


def test_a_catalogue_is_the_same_each_time() -> None:
    assert build(read_repository(CARS), "Cars") == build(read_repository(CARS), "Cars")
