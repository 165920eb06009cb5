"""Rules about names: an event is a fact of the business, in its language, that has happened."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from eventyard.contracts.lint.rule import Found, Subject
from eventyard.contracts.lint.words import as_fact, happened, words

_CASES = {"PascalCase": re.compile(r"[A-Z][A-Za-z0-9]*"), "camelCase": re.compile(r"[a-z][A-Za-z0-9]*")}
#: What is done to records, not in the business, and what may be meant.
_OF_RECORDS = {
    "created": "what came about, as in OrderPlaced, AccountOpened or CarListed",
    "inserted": "what came about, as in OrderPlaced, AccountOpened or CarListed",
    "updated": "what changed and why, as in PriceReduced, AddressCorrected or DeliveryRescheduled",
    "changed": "what changed and why, as in PriceReduced, AddressCorrected or DeliveryRescheduled",
    "modified": "what changed and why, as in PriceReduced, AddressCorrected or DeliveryRescheduled",
    "edited": "what changed and why, as in PriceReduced, AddressCorrected or DeliveryRescheduled",
    "patched": "what changed and why, as in PriceReduced, AddressCorrected or DeliveryRescheduled",
    "upserted": "what came about or changed, as in OrderPlaced or PriceReduced",
    "saved": "what came about or changed, as in OrderPlaced or PriceReduced",
    "persisted": "what came about or changed, as in OrderPlaced or PriceReduced",
    "synced": "what came about or changed, as in OrderPlaced or PriceReduced",
    "deleted": "what ended and how, as in OrderCancelled, AccountClosed or CarSold",
}
_MACHINERY = """
api cache cron database db dto endpoint entity event http json kafka lambda payload record sns sqs webhook xml
"""


def not_past_tense(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        if not happened(name, subject.conventions.past):
            fact = as_fact(name, subject.conventions.past)
            hint = f" Did you mean {fact}?" if fact else " Say what has happened, as in LotSelected."
            yield document.place("type"), f"{name} is not in the past tense.{hint}"


def record_style(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        found = words(name)
        done = next((each.lower() for each in reversed(found) if each.lower() in _OF_RECORDS), None)
        if done is not None and found[0].lower() != done:
            message = f"{name} tells what was done to a record. Say {_OF_RECORDS[done]}."
            yield document.place("type"), message


def name_case(subject: Subject) -> Iterator[Found]:
    named = list(subject.named())
    wanted = subject.conventions.case
    others = "as contracts.yml asks for"
    if wanted is None:
        counts = Counter(case for _, name in named for case, form in _CASES.items() if form.fullmatch(name))
        wanted = "camelCase" if counts["camelCase"] > counts["PascalCase"] else "PascalCase"
        others = "as most of the types here"
    for document, name in named:
        if not _CASES[wanted].fullmatch(name):
            better = "".join(word[:1].upper() + word[1:] for word in words(name))
            if wanted == "camelCase":
                better = better[:1].lower() + better[1:]
            yield document.place("type"), f"{name} is not in {wanted}, {others}. Write {better}."


def technical_name(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        for word in words(name):
            if word.lower() in _MACHINERY.split():
                message = f"{word} is a word of the machinery; leave it out of {name}, or use a word of the business."
                yield document.place("type"), message


def title_differs(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        if not _letters(contract.title).startswith(_letters(contract.type)):
            message = f"The title {contract.title!r} is about something else than the type {contract.type}."
            yield (document.path, 1, 1), message


def _letters(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalnum())
