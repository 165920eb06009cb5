"""Globs of paths: ``*`` and ``?`` within one name, ``**`` over any number of folders, ``[a-z]`` and ``{one,other}``."""

from __future__ import annotations

import re

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[(?P<not>[!^]?)(?P<set>[^\]/]+)\]|[{},]|\\?.", re.DOTALL)
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def glob(text: str) -> re.Pattern[str]:
    """What ``text`` matches, as a whole. A brace that is never closed stands for itself."""
    braces = text.count("{") == text.count("}") and not re.search(r"\}[^{]*\}|\{[^}]*\{", text)
    made, depth = [], 0
    for found in _PARTS.finditer(text.removeprefix("./")):
        part = found.group()
        depth += braces * ((part == "{") - (part == "}"))
        if found["set"]:
            chosen = re.sub(r"([\\\[&~|])", r"\\\1", found["set"])
            made.append(f"[{'^' if found['not'] else ''}{chosen}]")
        elif part in "{}" and not braces:
            made.append(re.escape(part))
        elif part == "," and depth:
            made.append("|")
        else:
            made.append(_MEANING.get(part) or re.escape(part.removeprefix("\\")))
    try:
        return re.compile("".join(made), re.DOTALL)
    except re.error:
        return re.compile(re.escape(text))
