"""All rules, with what they are good for. The documentation and the outputs are made from this table."""

from __future__ import annotations

from eventyard.contracts.lint import examples, lives, names, prose, schemas, services
from eventyard.contracts.lint.rule import Rule

#: Without these there is no contract to speak of: reading finds them (:mod:`eventyard.contract`).
_READING = (
    Rule("unreadable", "error", "A file is UTF-8.", "Nobody can review what can't be read."),
    Rule(
        "too-large",
        "error",
        "A schema or example has at most a million characters, a file four million bytes.",
        "It is read on every change.",
    ),
    Rule(
        "bad-conventions", "error", "contracts.yml says what it can say.", "A typing error must not switch a rule off."
    ),
    Rule("no-title", "error", "A document begins with a title.", "It is the event's name for people."),
    Rule("second-title", "error", "A document has one title.", "One document is about one event."),
    Rule("no-settings", "error", "Below the title there is a block of YAML.", "It says who publishes what to whom."),
    Rule("bad-yaml", "error", "The block of settings is YAML.", "It says who publishes what to whom."),
    Rule("missing-setting", "error", "The settings say type and publisher.", "No event is without them."),
    Rule("unknown-setting", "error", "The settings are known ones.", "What is misspelled would have no effect."),
    Rule(
        "bad-setting", "error", "A setting has a value of its kind.", "What can't be understood would have no effect."
    ),
    Rule("no-schema", "error", 'There is a section "## Schema".', "The schema is what everybody relies on."),
    Rule("second-schema", "error", "There is one schema.", "Of two, one would have no effect."),
    Rule("no-json", "error", "A section of schema or example has a block of JSON.", "An empty one says nothing."),
    Rule("second-block", "error", "The section of the schema has one block.", "Of two, one would have no effect."),
    Rule("bad-json", "error", "The JSON is JSON.", "Nothing can be checked with it otherwise."),
    Rule("doubled-key", "error", "No member of the JSON is there twice.", "Only the last one would count."),
    Rule("no-id", "error", "An atom has an $id.", "Documents refer to it by that URL."),
    Rule("bad-id", "error", "An atom's $id is an absolute URL.", "It has to mean the same from everywhere."),
    Rule("doubled-id", "error", "No two atoms have the same $id.", "It would be chance which of them counts."),
    Rule("unknown-dialect", "error", "$schema is Draft 4, 6, 7, 2019-09 or 2020-12.", "Others can't be checked."),
    Rule(
        "bad-schema", "error", "The schema is valid by its own dialect.", "What is not would be taken in another way."
    ),
    Rule(
        "broken-ref", "error", "What $ref refers to is in the repository.", "Nothing is fetched from the network, ever."
    ),
    Rule(
        "bad-atom", "error", "What $ref refers to has no errors of its own.", "It can't be checked with it until then."
    ),
    Rule("circular-ref", "error", "References come to an end.", "A circle through references alone says nothing."),
    Rule(
        "bad-pattern",
        "error",
        "Regular expressions can be matched in linear time.",
        "Look-around and back-references can't; one event could stop a broker with them.",
    ),
)

_NAMES = (
    Rule(
        "not-past-tense",
        "error",
        "A type tells what has happened.",
        "An event is a fact. A name such as SendInvoice is a command to somebody, and ties two services together.",
        names.not_past_tense,
    ),
    Rule(
        "record-style",
        "error",
        "A type doesn't tell what was done to a record.",
        "CarUpdated says that a row has changed, and leaves it to every consumer to find out what that means. "
        "PriceReduced says what happened in the business; it stays true when the tables behind it are others.",
        names.record_style,
    ),
    Rule(
        "name-case",
        "error",
        "All types are in PascalCase, or all in camelCase.",
        "Rules match the type letter by letter; one way to write it makes it guessable.",
        names.name_case,
    ),
    Rule(
        "technical-name",
        "warning",
        "A type has no words of the machinery.",
        "Event, Record or Json say nothing to those whose business it is, and machinery changes sooner than business.",
        names.technical_name,
    ),
    Rule(
        "title-differs",
        "warning",
        "The title is the type in words.",
        "It differs where a document was copied and not finished.",
        names.title_differs,
    ),
)

_DOCUMENTS = (
    Rule("no-prose", "warning", "A document explains its event.", "When it is raised is in no schema.", prose.no_prose),
    Rule(
        "unfinished",
        "warning",
        "Nothing is left of what `eventyard contracts new` wrote in place of words.",
        "It says nothing about this event.",
        prose.unfinished,
    ),
    Rule(
        "no-example",
        "warning",
        "A document shows an example.",
        "People read it first, and tests begin with it.",
        examples.no_example,
    ),
    Rule(
        "bad-example",
        "error",
        "Every example and default is valid, in documents and in atoms.",
        "It is copied into tests and into code.",
        examples.bad_example,
    ),
    Rule(
        "unknown-field",
        "error",
        "An example has no members that the schema doesn't describe, even where it lets them through.",
        "A real event has something that the contract doesn't know: describe it, or stop publishing it.",
        examples.unknown_field,
    ),
    Rule(
        "bad-date",
        "error",
        "deprecated and sunset are days, in that order.",
        "Brokers and people go by them.",
        lives.bad_date,
    ),
    Rule(
        "sunset-passed",
        "warning",
        "No sunset is over.",
        "A promise that has ended is removed, or renewed.",
        lives.sunset_passed,
    ),
    Rule(
        "sunset-without-deprecated",
        "warning",
        "What has a sunset is deprecated.",
        "Subscribers have to hear of it before the day.",
        lives.sunset_without_deprecated,
    ),
    Rule(
        "doubled-event",
        "error",
        "There is one document for each version of an event.",
        "It would be chance which of two counts.",
        lives.doubled_event,
    ),
    Rule(
        "version-gap",
        "warning",
        "Versions follow each other.",
        "A gap is a typing error, or a version that somebody still looks for.",
        lives.version_gap,
    ),
    Rule(
        "undeprecated-version",
        "warning",
        "All versions but the newest are deprecated.",
        "Nobody should begin with an old one.",
        lives.undeprecated_version,
    ),
)

_SERVICES = (
    Rule(
        "unknown-publisher",
        "error",
        "The publisher is a service in contracts.yml, if that has a list.",
        "Somebody has to answer for the event.",
        services.unknown_publisher,
    ),
    Rule(
        "unknown-subscriber",
        "error",
        "Subscribers are services in contracts.yml; without a list there, services that publish something.",
        "A change is discussed with those who are listed; one who doesn't exist won't object.",
        services.unknown_subscriber,
    ),
    Rule(
        "own-subscriber",
        "warning",
        "A publisher doesn't subscribe to its own event.",
        "A flow that goes out and comes back in hides what the service does.",
        services.own_subscriber,
    ),
    Rule(
        "doubled-subscriber",
        "warning",
        "A subscriber is listed once.",
        "The second was meant to be somebody else.",
        services.doubled_subscriber,
    ),
    Rule(
        "unused-service",
        "warning",
        "A service in contracts.yml publishes or subscribes to something.",
        "A list that nobody prunes is believed by nobody.",
        services.unused_service,
    ),
    Rule(
        "reserved-source",
        "error",
        "No source begins with aws.",
        "EventBridge refuses such events.",
        services.reserved_source,
    ),
)

_SCHEMAS = (
    Rule(
        "no-description",
        "warning",
        "Every member and every atom has a description.",
        "The name alone doesn't tell what it means, in which unit, and when it is missing.",
        schemas.no_description,
    ),
    Rule(
        "unknown-keyword",
        "error",
        "Keywords are JSON Schema's.",
        "JSON Schema ignores what it doesn't know: a misspelled keyword checks nothing.",
        schemas.unknown_keyword,
    ),
    Rule(
        "unknown-format",
        "warning",
        "Formats are such that are checked.",
        "Others look like a check and are none.",
        schemas.unknown_format,
    ),
    Rule(
        "not-an-object",
        "error",
        "A schema allows objects only.",
        "A detail is an object; EventBridge refuses everything else.",
        schemas.not_an_object,
    ),
    Rule(
        "undescribed-required",
        "error",
        "What is required is described.",
        "A publisher can't send what nobody defines.",
        schemas.undescribed_required,
    ),
    Rule(
        "unknown-path",
        "error",
        "Paths in correlation and pii are in the schema.",
        "A misspelled one marks nothing, and personal data is shown.",
        schemas.unknown_path,
    ),
    Rule(
        "unmarked-personal-data",
        "warning",
        "Members that clearly tell of a person are listed under pii.",
        "What is listed is hidden in messages about violations.",
        schemas.unmarked_personal_data,
    ),
    Rule(
        "unused-atom",
        "warning",
        "Every atom is referred to by an event.",
        "One that is not is kept in vain, or was meant to be used.",
        schemas.unused_atom,
    ),
)

RULES = (*_READING, *_NAMES, *_DOCUMENTS, *_SERVICES, *_SCHEMAS)
