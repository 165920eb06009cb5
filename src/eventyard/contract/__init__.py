"""What a contract is: one Markdown document for each event, the atoms that schemas share, and the compiled check.

Pure: it reads texts and folders and knows no broker, no registry and no network.
"""

from eventyard.contract.contract import Contract, Example
from eventyard.contract.document import Document, read_document
from eventyard.contract.finding import Finding
from eventyard.contract.repository import Repository, from_files, from_snapshot, read_repository
from eventyard.contract.validator import Validator
from eventyard.contract.violation import Violation

__all__ = [
    "Contract",
    "Document",
    "Example",
    "Finding",
    "Repository",
    "Validator",
    "Violation",
    "from_files",
    "from_snapshot",
    "read_document",
    "read_repository",
]
