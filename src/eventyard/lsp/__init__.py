"""A language server for programs that publish and handle events, and for the documents of their contracts.

It reads contracts from a folder and talks to one editor; it knows no broker. Needs ``eventyard[lsp]``.
"""
