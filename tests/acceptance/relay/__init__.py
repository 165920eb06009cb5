"""The relay over real WebSockets against a real server."""
