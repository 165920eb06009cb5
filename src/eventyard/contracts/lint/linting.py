"""The lint itself: every rule over one repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from eventyard.contract import Finding, Repository
from eventyard.contract.references import needed
from eventyard.contracts.conventions import Conventions
from eventyard.contracts.lint.described import Described
from eventyard.contracts.lint.rule import Rule, Subject
from eventyard.contracts.lint.table import RULES
from eventyard.text import did_you_mean


def lint(repository: Repository, conventions: Conventions, today: date, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Everything that is wrong, in the order of files and lines: what reading found, and what ``rules`` find that the
    repository has not switched off. ``today``: the day that dates are compared with."""
    described = {
        document.path: Described(document.contract.schema, needed(document.contract.schema, repository.atoms))
        for document in repository.documents
        if document.contract is not None
    }
    described |= {url: Described(atom, needed(atom, repository.atoms)) for url, atom in repository.atoms.items()}
    subject = Subject(repository, conventions, today, described)
    found = [*repository.findings, *conventions.findings, *_exemptions(conventions, rules)]
    for document in repository.documents:
        found += document.findings
    types = {document.path: name for document, name in subject.named()}
    for rule in rules:
        for finding in _findings(rule, subject):
            if not _off(rule, finding.path, types.get(finding.path, ""), conventions):
                found.append(finding)
    return sorted(dict.fromkeys(found))


def _findings(rule: Rule, subject: Subject) -> Iterator[Finding]:
    if rule.check is not None:
        for (path, line, column), message in rule.check(subject):
            yield Finding(path, line, column, rule.name, message, rule.severity)


def _off(rule: Rule, path: str, type: str, conventions: Conventions) -> bool:
    exemption = conventions.off.get(rule.name)
    if exemption is None:
        return False
    return not exemption.only or any(fnmatchcase(path, each) or type == each for each in exemption.only)


def _exemptions(conventions: Conventions, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Rules that are switched off and can't be."""
    names = {rule.name: rule for rule in rules}
    for name in conventions.off:
        if name in names and names[name].check is not None:
            continue
        if name in names:
            message = f"{name} can't be switched off: without it there is no contract."
        else:
            message = f"There is no rule {name}.{did_you_mean(name, names)}"
        yield Finding(*conventions.place("lint", "off", name), "bad-conventions", message)
