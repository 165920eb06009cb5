"""The reader of ``eventyard.yml``, the project's own short way to say a stack."""

from eventyard.templates.own.forms import schema
from eventyard.templates.own.read import read_own
from eventyard.templates.own.table import FILE, SECTIONS

__all__ = ["FILE", "SECTIONS", "read_own", "schema"]
