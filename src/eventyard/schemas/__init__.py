"""Registries of schemas, and schemas discovered from traffic."""
