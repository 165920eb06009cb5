"""Rules about schemas, of documents and of atoms: what they forget, and what they say without effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventyard.contract import Validator
from eventyard.contract.place import Pointer
from eventyard.contract.references import base, needed, schemas
from eventyard.contract.schema import Text
from eventyard.contract.validator import DIALECT
from eventyard.contracts.lint.rule import Found, Subject
from eventyard.errors import InvalidRequest
from eventyard.text import did_you_mean

#: The keywords of all dialects that are known (Draft 4 to 2020-12).
_VOCABULARY = """
$anchor $comment $defs $dynamicAnchor $dynamicRef $id $recursiveAnchor $recursiveRef $ref $schema $vocabulary
additionalItems additionalProperties allOf anyOf const contains contentEncoding contentMediaType contentSchema default
definitions dependencies dependentRequired dependentSchemas deprecated description else enum examples exclusiveMaximum
exclusiveMinimum format id if items maxContains maxItems maxLength maxProperties maximum minContains minItems minLength
minProperties minimum multipleOf not oneOf pattern patternProperties prefixItems properties propertyNames readOnly
required then title type unevaluatedItems unevaluatedProperties uniqueItems writeOnly
"""
_KEYWORDS = frozenset(_VOCABULARY.split())
#: No format takes all of these.
_NONSENSE = ("", "\\", "(", "%", "~", "{", " ", "a b")
#: Names of members that are about a person whatever the event is about.
_PERSONAL = """
birthday birthdate card_number date_of_birth email email_address first_name iban last_name mobile passport phone
phone_number surname telephone
"""
#: Names of members that tell of a person.
PERSONAL = frozenset(_PERSONAL.split())


def no_description(subject: Subject) -> Iterator[Found]:
    for text in _texts(subject):
        if text is not None and base(text.value) in subject.repository.atoms and "description" not in text.value:
            yield text.place(()), "The atom has no description: say what it means to the business."
        for pointer, node in _nodes(text):
            for name, member in _dict(node.get("properties")).items():
                if isinstance(member, dict) and not member.keys() & {"description", "$ref"}:
                    message = f"{name} has no description: say what it means to the business."
                    yield text.place((*pointer, "properties", name)), message


def unknown_keyword(subject: Subject) -> Iterator[Found]:
    for text in _texts(subject):
        for pointer, node in _nodes(text):
            for keyword in node:
                if keyword not in _KEYWORDS and not keyword.startswith("x-"):
                    hint = did_you_mean(keyword, _KEYWORDS) or " Notes of your own begin with x-."
                    yield text.place((*pointer, keyword)), f"{keyword} is no keyword of JSON Schema.{hint}"


def unknown_format(subject: Subject) -> Iterator[Found]:
    for text in _texts(subject):
        dialect = _dict(text.value).get("$schema", DIALECT)
        for pointer, node in _nodes(text):
            form = node.get("format")
            if isinstance(form, str) and not _checked(form, dialect):
                message = (
                    f"Nothing checks the format {form} in this dialect of JSON Schema. A pattern would be checked."
                )
                yield text.place((*pointer, "format")), message


def not_an_object(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        check = subject.repository.validator(contract)
        if document.schema is not None and any(map(check.is_valid, (None, True, 0, 0.5, "", "a", [], [{}]))):
            yield (
                document.schema.place(()),
                'A detail is an object, and nothing else can be published. Say "type": "object".',
            )


def undescribed_required(subject: Subject) -> Iterator[Found]:
    for owner, text in _owned(subject):
        described = subject.described[owner]
        home = described.scope.top.home
        for level in described.levels():
            members = level.members()
            for part, name in level.required():
                place = described.place(part)
                if name not in members and not level.others() and place is not None and place[0] == home:
                    index = part.node["required"].index(name)
                    message = f"{name} is required, but nothing describes it.{did_you_mean(name, members)}"
                    yield text.place((*place[1], "required", index)), message


def unknown_path(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        for setting in ("correlation", "pii"):
            for index, path in enumerate(getattr(contract, setting)):
                if not subject.described[document.path].has(path):
                    message = f"{path} is no path that the schema describes; it is written as in customer.email."
                    yield document.place(setting, index), message


def unmarked_personal_data(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        marked = [tuple(path.split(".")) for path in contract.pii]
        described = subject.described[document.path]
        told: set[tuple[str, ...]] = set()
        for level in described.levels():
            for name, parts in level.members().items():
                path = (*level.path, name)
                emails = any(
                    part.node.get("format") in ("email", "idn-email") for part in parts if part.node is not True
                )
                if not (emails or name.lower().replace("-", "_") in PERSONAL) or path in told:
                    continue
                if not any(path[: len(each)] == each for each in marked):
                    told.add(path)
                    place = described.place(parts[0])
                    at = place[1] if place and place[0] == described.scope.top.home else ("properties", path[0])
                    message = (
                        f"{'.'.join(path)} tells of a person: list it under pii, so that nobody shows it by accident."
                    )
                    yield (document.schema or Text("", "{}", 1)).place(at), message


def unused_atom(subject: Subject) -> Iterator[Found]:
    used: set[str] = set()
    # Also what an atom with errors refers to is in use.
    atoms = {url: text.value for url, text in subject.repository.texts.items()}
    for document in subject.repository.documents:
        if document.schema is not None:
            used |= needed(document.schema.value, atoms).keys()
    for url, text in subject.repository.texts.items():
        if url not in used:
            yield text.place(("$id",)), f"No event refers to {url}. Remove it, or use it."


def _owned(subject: Subject) -> Iterator[tuple[str, Text]]:
    """The schemas that are whole, of documents by their path, of atoms by their URL."""
    for document, _ in subject.whole():
        if document.schema is not None and isinstance(document.schema.value, dict):
            yield document.path, document.schema
    yield from subject.atoms()


def _texts(subject: Subject) -> Iterator[Text]:
    return (text for _, text in _owned(subject))


def _nodes(text: Text) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Every schema in ``text``; what stands inside of an unknown keyword means nothing, and is none."""
    return schemas(text.value, (), _KEYWORDS)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _checked(form: str, dialect: str) -> bool:
    try:
        return not all(map(Validator({"$schema": dialect, "format": form}).is_valid, _NONSENSE))
    except InvalidRequest:
        return False
