"""The pages of a catalogue, made from a repository: every byte of the site, by file name. It fetches nothing, and
neither do the pages: no network, no server, only what stands in the folder."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jinja2
import msgspec

from eventyard.contract import Contract, Repository
from eventyard.contract.references import needed
from eventyard.contracts import asyncapi
from eventyard.contracts.catalogue.addresses import Addresses
from eventyard.contracts.catalogue.drawing import drawn
from eventyard.contracts.catalogue.fields import fields
from eventyard.contracts.catalogue.flow import Key, flow
from eventyard.contracts.catalogue.prose import Prose
from eventyard.contracts.compatibility import Change, Side, Verdict, judge
from eventyard.contracts.compatibility.walk import changes

_HERE = Path(__file__).parent
_ASSETS = ("site.css", "site.js")
_SEARCHED = 600


class Difference(msgspec.Struct, frozen=True):
    """What is other in a version than in the one before it."""

    old: int
    new: int
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]


class Service(msgspec.Struct, frozen=True):
    """What a service publishes and receives, the newest version of each event that it has to do with."""

    name: str
    publishes: tuple[Contract, ...]
    receives: tuple[Contract, ...]
    owners: tuple[str, ...]


def build(repository: Repository, title: str) -> dict[str, bytes]:
    """The files of the catalogue by their path in it."""
    return _Site(repository, title).files()


class _Site:
    def __init__(self, repository: Repository, title: str) -> None:
        self._repository = repository
        self._events = Addresses("events")
        self._services = Addresses("services")
        self._atoms = Addresses("atoms")
        self._documents = Addresses("asyncapi", ".json")
        self._prose = Prose()
        self._versions: dict[str, list[Contract]] = {}
        for contract in repository.contracts:
            self._versions.setdefault(contract.name, []).append(contract)
        self._newest = sorted((versions[-1] for versions in self._versions.values()), key=lambda one: one.type.lower())
        self._known = [self._service(name) for name in asyncapi.services(repository.contracts)]
        self._pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters |= {"pretty": _pretty, "anchor": _anchor}
        self._pages.globals |= {"title": title, "services": self._known, "events": self._newest}

    def files(self) -> dict[str, bytes]:
        found = {f"assets/{name}": (_HERE / "assets" / name).read_bytes() for name in _ASSETS}
        found["assets/search.js"] = f"globalThis.catalogue = {json.dumps(self._searched())};\n".encode()
        found["index.html"] = self._page("index", "", picture=self._flow(self._newest, "", "All events"), here="index")
        for versions in self._versions.values():
            for contract in versions:
                found[self._event_path(contract)] = self._event(contract, versions)
        for service in self._known:
            found[self._services.path(service.name)] = self._service_page(service)
            found[self._documents.path(service.name)] = _json(asyncapi.document(self._repository, service.name))
        for url in self._repository.atoms:
            found[self._atoms.path(url)] = self._atom(url)
        found["asyncapi.json"] = _json(asyncapi.document(self._repository))
        return found

    # --- pages ------------------------------------------------------------------------------------------------------

    def _event(self, contract: Contract, versions: list[Contract]) -> bytes:
        atoms = self._repository.atoms
        differences = [self._difference(old, new) for old, new in pairwise(versions)]
        together = [
            one
            for one in self._newest
            if one.name != contract.name and set(one.correlation) & set(contract.correlation)
        ]
        return self._page(
            "event",
            "../",
            here="events",
            event=contract,
            versions=versions[::-1],
            prose=self._prose.html(contract.description, 3, lambda address: self._other(contract, address)),
            rows=fields(contract.schema, atoms, contract.pii, contract.correlation),
            closed=isinstance(contract.schema, Mapping) and contract.schema.get("additionalProperties") is False,
            differences=differences[::-1],
            together=together,
            picture=self._flow([contract], "../", f"Who publishes {contract.type} and who receives it"),
            atoms=sorted(needed(contract.schema, atoms)),
        )

    def _service_page(self, service: Service) -> bytes:
        about = f"What {service.name} publishes and receives"
        # Of others' events only the way to this service, and of its own the way to all.
        shown = [
            *service.publishes,
            *(
                msgspec.structs.replace(one, subscribers=(service.name,))
                for one in service.receives
                if one.publisher != service.name
            ),
        ]
        return self._page("service", "../", here="services", service=service, picture=self._flow(shown, "../", about))

    def _atom(self, url: str) -> bytes:
        atoms = self._repository.atoms
        schema = atoms[url]
        users = [one for one in self._newest if url in needed(one.schema, atoms)]
        rows = fields({"properties": {_last(url): {"$ref": url}}}, atoms)
        return self._page("atom", "../", here="atoms", url=url, schema=schema, rows=rows, users=users, name=_last(url))

    def _page(self, template: str, root: str, **shown: Any) -> bytes:
        text = self._pages.get_template(f"{template}.html").render(
            root=root,
            event_link=lambda contract: root + self._event_path(contract),
            service_link=lambda name: self._services.link(name, root),
            atom_link=lambda url: self._atoms.link(url, root),
            document_link=lambda name: self._documents.link(name, root),
            atom_name=_last,
            every_atom=sorted(self._repository.atoms),
            **shown,
        )
        return text.encode()

    # --- what is on them --------------------------------------------------------------------------------------------

    def _other(self, contract: Contract, address: str) -> str | None:
        """The page of the document that a link in another one leads to."""
        if "://" in address or not address.partition("#")[0].endswith(".md"):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(contract.path), unquote(address.partition("#")[0])))
        found = next((one for one in self._repository.contracts if one.path == path), None)
        return None if found is None else "../" + self._event_path(found)

    def _event_path(self, contract: Contract) -> str:
        newest = self._versions[contract.name][-1]
        return self._events.path(contract.name if contract is newest else f"{contract.name} {contract.version}")

    def _service(self, name: str) -> Service:
        publishes = tuple(one for one in self._newest if one.publisher == name)
        # Who still reads an old version receives that one.
        received = (
            next((one for one in versions[::-1] if name in one.subscribers), None)
            for versions in self._versions.values()
        )
        receives = tuple(sorted((one for one in received if one is not None), key=lambda one: one.type.lower()))
        return Service(name, publishes, receives, tuple(dict.fromkeys(one.owner for one in publishes if one.owner)))

    def _difference(self, old: Contract, new: Contract) -> Difference:
        before, after = Side.of(old, self._repository), Side.of(new, self._repository)
        verdicts = (judge("subscribers", before, after), judge("publishers", before, after))
        known = before.schema is not None and after.schema is not None
        found = tuple(changes(before.schema, after.schema)) if known else ()
        return Difference(old.version, new.version, verdicts, found)

    def _flow(self, contracts: Iterable[Contract], root: str, about: str) -> dict[str, Any]:
        found = flow(contracts)

        def link(node: Key) -> str:
            if node[0] == "service":
                return self._services.link(node[1], root)
            return root + self._event_path(self._versions[node[1]][-1])

        def label(node: Key) -> str:
            return node[1] if node[0] == "service" else self._versions[node[1]][-1].type

        return {"svg": drawn(found, link, label, about), "everywhere": found.everywhere}

    def _searched(self) -> list[dict[str, str]]:
        found = []
        for contract in self._newest:
            rows = fields(contract.schema, self._repository.atoms)
            words = [contract.name, contract.title, contract.owner or "", contract.bus or "", contract.publisher]
            words += [row.path for row in rows] + [contract.description[:_SEARCHED]]
            versions = len(self._versions[contract.name])
            told = f"event of {contract.publisher}" + (f", {versions} versions" if versions > 1 else "")
            found.append(_entry(contract.type, told, self._event_path(contract), words))
        for service in self._known:
            words = [one.type for one in (*service.publishes, *service.receives)]
            found.append(_entry(service.name, "service", self._services.link(service.name, ""), words))
        for url, schema in self._repository.atoms.items():
            words = [url, *(str(schema.get(key, "")) for key in ("title", "description") if isinstance(schema, dict))]
            found.append(_entry(_last(url), "atom", self._atoms.link(url, ""), words))
        return found


def _entry(name: str, kind: str, path: str, words: Iterable[str]) -> dict[str, str]:
    return {"name": name, "kind": kind, "path": path, "words": " ".join([name, *words]).lower()}


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2] or url


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _anchor(path: str) -> str:
    """An id for a member that a link can lead to."""
    return "member-" + "".join(each if each.isalnum() or each in "._-" else "-" for each in path)
