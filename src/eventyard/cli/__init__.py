"""The command line: thin commands over the server and its HTTP APIs."""

from eventyard.cli.app import main

__all__ = ["main"]
