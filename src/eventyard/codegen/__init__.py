"""Typed code from a contract: models, stubs of handlers, and the registry's code bindings.

Names and texts of a schema are hostile until they have been made identifiers, quoted or cleaned; nothing is executed
here and nothing is read but what is handed in.
"""

from eventyard.codegen.bindings import BINDINGS, binding
from eventyard.codegen.code import LANGUAGES, STYLES, handler, models

__all__ = ["BINDINGS", "LANGUAGES", "STYLES", "binding", "handler", "models"]
