"""The broker's check of events against their contracts."""
