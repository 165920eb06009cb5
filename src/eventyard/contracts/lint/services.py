"""Rules about who publishes and who subscribes."""

from __future__ import annotations

from collections.abc import Iterator

from eventyard.contracts.lint.rule import Found, Subject
from eventyard.text import did_you_mean


def unknown_publisher(subject: Subject) -> Iterator[Found]:
    services = subject.conventions.services
    if services is None:
        return
    for document, _ in subject.named():
        publisher = document.settings.get("publisher")
        if publisher is not None and publisher not in services:
            message = f"{publisher} is not among the services in contracts.yml.{did_you_mean(publisher, services)}"
            yield document.place("publisher"), message


def unknown_subscriber(subject: Subject) -> Iterator[Found]:
    services = subject.conventions.services
    where = "among the services in contracts.yml"
    if services is None:
        # Without a list, who publishes something exists.
        services = {document.settings.get("publisher", ""): "" for document, _ in subject.named()}
        where = "a service that publishes anything, and contracts.yml has no list of services"
    for document, _ in subject.named():
        for index, subscriber in enumerate(document.settings.get("subscribers", ())):
            if subscriber not in services:
                message = f"{subscriber} is not {where}.{did_you_mean(subscriber, services)}"
                yield document.place("subscribers", index), message


def own_subscriber(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        for index, subscriber in enumerate(document.settings.get("subscribers", ())):
            if subscriber == document.settings.get("publisher"):
                message = f"{subscriber} publishes {name} itself; a service needs no bus to talk to itself."
                yield document.place("subscribers", index), message


def doubled_subscriber(subject: Subject) -> Iterator[Found]:
    for document, _ in subject.named():
        subscribers = document.settings.get("subscribers", ())
        for index, subscriber in enumerate(subscribers):
            if subscriber in subscribers[:index]:
                yield document.place("subscribers", index), f"{subscriber} is there twice."


def unused_service(subject: Subject) -> Iterator[Found]:
    used = {document.settings.get("publisher") for document, _ in subject.named()}
    used |= {each for document, _ in subject.named() for each in document.settings.get("subscribers", ())}
    for service in subject.conventions.services or ():
        if service not in used:
            message = f"{service} publishes nothing and subscribes to nothing. Remove it, or say what it listens to."
            yield subject.conventions.place("services", service), message


def reserved_source(subject: Subject) -> Iterator[Found]:
    for document, _ in subject.named():
        name = "source" if "source" in document.settings else "publisher"
        source = document.settings.get(name, "")
        if source.startswith("aws."):
            yield document.place(name), f"{source} can't be published: sources that begin with aws. are kept for AWS."
