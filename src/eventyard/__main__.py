"""``python -m eventyard`` is ``eventyard``."""

from eventyard.cli import main

main()
