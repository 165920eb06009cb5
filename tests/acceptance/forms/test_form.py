"""A tester fills in a form in a real browser, with the keyboard, and publishes what it says. No script runs."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.server import Server
from tests.unit.forms.contracts import ALL, CARS, MESSAGE

CONTRACTS = Path(__file__).parents[3] / "examples" / "cars" / "contracts"

Show = Callable[..., str]


@pytest.fixture
def everything(tmp_path: Path, show_form: Show) -> str:
    (tmp_path / "all.md").write_text(ALL.documents[0].text)
    return show_form("EverythingHappened", tmp_path)


def _message(page: Page) -> Any:
    return json.loads(page.locator(".message pre").inner_text())


def _focused(page: Page) -> str | None:
    found = page.locator(":focus")
    return found.get_attribute("name") if found.count() else None


def test_an_example_goes_through_the_browser_as_it_was(page: Page, everything: str) -> None:
    page.goto(everything)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The message keeps its contract.")
    assert _message(page) == MESSAGE


@pytest.mark.parametrize("event", sorted({contract.type for contract in CARS.contracts})[:6])
def test_every_example_contract_has_a_form_that_keeps_it(page: Page, show_form: Show, event: str) -> None:
    contract = CARS.find(event)
    page.goto(show_form(event, CONTRACTS))
    for name, example in [(each.name, each) for each in contract.examples]:
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("button", name="Check", exact=True).click()
        assert _message(page) == example.detail


def test_a_message_is_entered_with_the_keyboard_alone_and_published(
    page: Page, server: Server, show_form: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    events = server.client("events", "test")
    queues = server.client("sqs", "test")
    if "cars" not in [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]:
        events.create_event_bus(Name="cars")
    queue = queues.create_queue(QueueName="forms")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="forms", EventBusName="cars", EventPattern='{"detail-type": ["DeliveryScheduled"]}')
    events.put_targets(Rule="forms", EventBusName="cars", Targets=[{"Id": "1", "Arn": arn}])

    page.goto(show_form("DeliveryScheduled", CONTRACTS, "--endpoint", server.url) + "?example=none")
    for name, text in [("vrm", "AB12 CDE"), ("make", "Volvo"), ("amount", "20750"), ("slot", "12052026")]:
        for _ in range(40):
            page.keyboard.press("Tab")
            if _focused(page) == f"v/{name}":
                break
        assert _focused(page) == f"v/{name}"
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The message keeps its contract.")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.locator("button.first:focus").count():
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Published as [0-9a-f-]{36}\."))
    (received,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    event = json.loads(received["Body"])
    assert event["detail"] == {"vrm": "AB12 CDE", "make": "Volvo", "amount": 20750, "slot": "2026-12-05"}
    assert (event["source"], event["detail-type"]) == ("uk.co.cars.delivery", "DeliveryScheduled")


def test_what_is_wrong_is_at_its_field_and_the_first_has_the_focus(page: Page, everything: str) -> None:
    page.goto(f"{everything}?example=none")
    page.get_by_role("button", name="Check", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("things to mend")
    expect(page).to_have_title(re.compile("^Error: "))
    assert _focused(page) == "v/name"
    name = page.get_by_label("Full name")
    expect(name).to_have_attribute("aria-invalid", "true")
    ids = str(name.get_attribute("aria-describedby")).split()
    assert "name is missing" in [page.locator(f"#{each}").inner_text() for each in ids]
    alert.get_by_role("link", name="Agreed").click()
    assert "#" in page.url


def test_lists_objects_and_alternatives_grow_and_shrink_without_a_script(page: Page, everything: str) -> None:
    page.goto(everything)
    tags = page.get_by_role("group", name="Tags")
    tags.get_by_role("button", name="Add to Tags").click()
    assert _focused(page) == "v/tags/2"
    page.keyboard.type("c")
    tags.get_by_role("button", name="Up Tags 3").click()
    assert _focused(page) == "v/tags/1"
    tags.get_by_role("button", name="Remove Tags 1").click()
    page.get_by_role("button", name="Leave out Part", exact=True).click()
    labels = page.get_by_role("group", name="Labels")
    labels.get_by_role("button", name="Add to Members").click()
    labels.get_by_label("Name").last.fill("new")
    labels.get_by_label("Value").last.fill("3")
    pay = page.get_by_role("group", name="Pay")
    pay.get_by_label("Kind").first.select_option("By card")
    pay.get_by_role("button", name="Show Pay").click()
    pay.get_by_label("Digits").fill("4242")
    page.get_by_role("button", name="Check", exact=True).click()
    message = _message(page)
    assert message["tags"] == ["c", ""]
    assert "part" not in message
    assert message["labels"] == {"a/b": 1, "ü ~": 2, "new": 3}
    assert message["pay"] == {"kind": "card", "digits": "4242"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(page: Page, everything: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(everything)
    box = page.locator("html").bounding_box()
    assert box is not None
    widest = max(
        each.bounding_box()["x"] + each.bounding_box()["width"]
        for each in page.locator("fieldset, input:visible").all()
        if each.bounding_box()
    )  # type: ignore[index]
    assert widest <= 321


def _ask(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_another_name_for_this_machine_is_refused(everything: str) -> None:
    assert _ask(everything) == 200
    assert _ask(everything, Host="evil.example") == 421
    assert _ask(f"{everything}other") == 404


def test_a_form_of_another_site_is_refused_by_the_browsers_own_word(page: Page, everything: str) -> None:
    attack = f'<form method="post" action="{everything}"><input name="do" value="publish"><button>Go</button></form>'
    page.route("**/attack", lambda route: route.fulfill(body=attack, content_type="text/html"))
    page.goto("http://127.0.0.1:9/attack")
    with page.expect_navigation() as navigation:
        page.get_by_role("button").click()
    assert navigation.value is not None
    assert navigation.value.status == 403
