"""The reader of ``eventyard.yml``, the project's own short way to say a stack."""
