"""HTML forms from contracts: what is entered becomes a message that keeps its contract, or is shown where it does not.

Drawn on the server, without scripts, and without anything from elsewhere. Names of the fields: ``fields``.
"""

from eventyard.forms.desk import Answer, Desk, Request
from eventyard.forms.form import Entered, Form
from eventyard.forms.index import Entry, index
from eventyard.forms.layout import ui_of

__all__ = ["Answer", "Desk", "Entered", "Entry", "Form", "Request", "index", "ui_of"]
