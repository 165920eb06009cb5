"""The doors: each AWS service that this server answers, one package or module a service."""
