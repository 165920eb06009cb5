"""The compiled check of details against one schema: fast when they are right, exact about what is wrong.

Formats are asserted, because a contract that says ``date`` means it. Regular expressions run in linear time and know no
look-around; references are resolved from the atoms alone, never from the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from eventyard.contract.violation import Violation, first_line, told
from eventyard.errors import InvalidRequest

#: What a schema without ``$schema`` is read as.
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Validator:
    """Checks details against ``schema``, which may refer to ``atoms`` (schemas by URL). Values at the paths ``pii``
    (with dots) are never shown. Raises InvalidRequest for a schema that can't be compiled, with the reason."""

    def __init__(
        self, schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any] | None = None, pii: Collection[str] = ()
    ) -> None:
        if isinstance(schema, Mapping) and "$schema" not in schema:
            schema = {"$schema": DIALECT, **schema}
        try:
            self._compiled = jsonschema_rs.validator_for(
                schema if isinstance(schema, bool) else dict(schema),
                registry=jsonschema_rs.Registry(list((atoms or {}).items())) if atoms else None,
                validate_formats=True,
                pattern_options=jsonschema_rs.RegexOptions(),
                offline=True,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidRequest(f"The schema can't be used: {first_line(error)}") from error
        self._hidden = {tuple(path.split(".")) for path in pii}
        #: Whether a detail (a decoded JSON value) keeps the contract; the fast half of :meth:`violations`.
        self.is_valid = self._compiled.is_valid

    def violations(self, detail: Any, most: int = 20) -> list[Violation]:
        """The first ``most`` ways in which ``detail`` breaks the contract; none if it keeps it."""
        found = (one for error in self._compiled.iter_errors(detail) for one in told(error, self._hidden))
        return list(islice(found, most))
