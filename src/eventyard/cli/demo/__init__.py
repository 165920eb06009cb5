"""The demo: the story of a used-car company, told through events on a server of its own."""

from eventyard.cli.demo.play import play

__all__ = ["play"]
