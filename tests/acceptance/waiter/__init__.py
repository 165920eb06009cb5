"""The EventWaiter against a real server."""
