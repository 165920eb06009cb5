"""The server's own forms, in a real browser without scripts: listed, filled in, published; and who is not let in."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from eventyard.waiter import EventWaiter
from tests.acceptance.cli.test_cli import run
from tests.acceptance.server import Server

CONTRACTS = Path(__file__).parents[3] / "examples" / "cars" / "contracts"
NAME = "uk.co.cars.delivery@DeliveryScheduled"


@pytest.fixture(scope="module")
def cars(server: Server) -> str:
    """An account with the contracts of the cars, and their bus."""
    account = "777700000001"
    own = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": server.url}
    done = run("contracts", "push", str(CONTRACTS), "--registry", "cars", environment=own)
    assert done.returncode == 0, done.stderr
    server.client("events", account).create_event_bus(Name="cars")
    return account


def url(server: Server, path: str = "", **query: str) -> str:
    asked = f"?{urllib.parse.urlencode(query)}" if query else ""
    return f"{server.url}/_eventyard/forms{path}{asked}"


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_form_is_found_in_the_list_filled_in_and_published(page: Page, server: Server, cars: str) -> None:
    page.goto(url(server, account=cars))
    expect(page.get_by_role("heading", level=2)).to_have_text(["cars"])
    assert page.get_by_role("listitem").count() == 15
    page.get_by_role("link", name="DeliveryScheduled").click()
    page.get_by_role("link", name="nothing", exact=True).click()
    for label, text in [("vrm", "AB12 CDE"), ("make", "Volvo"), ("amount", "20750"), ("slot", "2026-05-12")]:
        page.locator(f"[name='v/{label}']").fill(text)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The message keeps its contract.")
    with EventWaiter.connect(server.url, account=cars, bus="cars") as events:
        scheduled = events.subscribe("DeliveryScheduled")
        page.get_by_role("button", name="Publish to cars").click()
        expect(page.get_by_role("status")).to_have_text(re.compile(r"Published as [0-9a-f-]{36}\."))
        event = scheduled.next()
        assert event.detail == {"vrm": "AB12 CDE", "make": "Volvo", "amount": 20750, "slot": "2026-05-12"}
        assert (event.source, event.account) == ("uk.co.cars.delivery", cars)
        page.reload()  # the browser posts the same form once more
        expect(page.get_by_role("status")).to_have_text(f"This was published already, as {event.id}.")


def test_a_message_that_breaks_its_contract_is_shown_where_and_not_published(
    page: Page, server: Server, cars: str
) -> None:
    page.goto(url(server, f"/cars/{NAME}", account=cars, example="none"))
    page.get_by_role("button", name="Publish to cars").click()
    expect(page.get_by_role("alert")).to_contain_text("things to mend")
    assert "account=777700000001" in page.url


def test_what_the_bus_refuses_is_told(page: Page, server: Server, cars: str) -> None:
    page.goto(url(server, f"/{NAME}", account=cars, bus="nowhere"))
    page.get_by_role("button", name="Publish to nowhere").click()
    expect(page.get_by_role("alert")).to_contain_text("event-bus/nowhere does not exist")


def test_a_schema_that_was_discovered_has_a_form_too(page: Page, server: Server, account: str) -> None:
    schemas = server.client("schemas", account)
    schemas.create_registry(RegistryName="found")
    detail = {"type": "object", "required": ["vin"], "properties": {"vin": {"type": "string"}}}
    schemas.create_schema(
        RegistryName="found", SchemaName="cars@CarSold", Type="JSONSchemaDraft4", Content=json.dumps(detail)
    )
    page.goto(url(server, account=account))
    page.get_by_role("link", name="CarSold").click()
    page.locator("[name='v/vin']").fill("1C6RD7LT4CS156097")
    page.get_by_role("button", name="Publish to default").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("Published as"))
    changed = {**detail, "properties": {"vin": {"type": "string"}, "price": {"type": "integer"}}}
    schemas.update_schema(RegistryName="found", SchemaName="cars@CarSold", Content=json.dumps(changed))
    page.goto(url(server, "/found/cars@CarSold", account=account))
    expect(page.locator("[name='v/price']")).to_be_visible()


def test_what_is_not_there_is_refused_with_what_may_be_meant(server: Server, cars: str) -> None:
    status, told = ask(url(server, "/uk.co.cars.delivery@DeliverySchedule", account=cars))
    assert (status, f"Did you mean {NAME}?" in told) == (404, True)
    status, told = ask(url(server, f"/other/{NAME}", account=cars))
    assert (status, "in registry other" in told) == (404, True)
    status, told = ask(url(server, f"/{NAME}", account=cars, version="7"))
    assert (status, "has no version 7; there is 1." in told) == (404, True)


def test_a_name_in_several_registries_wants_the_registry(server: Server, account: str) -> None:
    schemas = server.client("schemas", account)
    for registry in ("a", "b"):
        schemas.create_registry(RegistryName=registry)
        schemas.create_schema(
            RegistryName=registry, SchemaName="cars@CarSold", Type="JSONSchemaDraft4", Content='{"type": "object"}'
        )
    status, told = ask(url(server, "/cars@CarSold", account=account))
    assert (status, "is in a, b: say /_eventyard/forms/REGISTRY/cars@CarSold" in told) == (400, True)
    assert ask(url(server, "/b/cars@CarSold", account=account))[0] == 200


@pytest.mark.parametrize("path", ["", f"/cars/{NAME}"])
def test_a_page_is_at_no_other_name(server: Server, cars: str, path: str) -> None:
    port = server.url.rpartition(":")[2]
    assert ask(url(server, path, account=cars), Host=f"localhost:{port}")[0] == 200
    status, told = ask(url(server, path, account=cars), Host=f"evil.example:{port}")
    assert (status, "is not a name of this server" in told) == (403, True)


PLATFORM = ["/_eventyard/validation", "/_eventyard/story?event=x", "/_eventyard/tail", "/_eventyard/fates?event=x"]


@pytest.mark.parametrize("path", PLATFORM)
def test_no_page_of_the_platform_is_at_another_name(server: Server, path: str) -> None:
    assert ask(f"{server.url}{path}", Host="evil.example")[0] == 403
    assert ask(f"{server.url}/_eventyard/reset", b"", Host="evil.example:4010")[0] == 403
    assert ask(f"{server.url}/readyz", Host="evil.example")[0] == 200


def test_a_post_without_the_pages_token_or_from_elsewhere_is_refused(server: Server, cars: str) -> None:
    form = url(server, f"/cars/{NAME}", account=cars)
    kind = "application/x-www-form-urlencoded"
    posted = b"do=publish&v/vrm=AB12+CDE"
    assert ask(form, posted, Content_Type=kind)[0] == 403
    found = re.search(r'name="token" value="([^"]+)"', ask(form)[1])
    assert found is not None
    whole = posted + b"&token=" + found.group(1).encode()
    assert ask(form, whole, Content_Type=kind)[0] == 422  # it is read, and lacks fields
    assert ask(form, whole, Content_Type=kind, Origin="http://evil.example")[0] == 403
    assert ask(form, whole, Content_Type=kind, Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(form, whole, Content_Type="text/plain")[0] == 415
    headers: Any = urllib.request.urlopen(form, timeout=10)
    with headers as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
