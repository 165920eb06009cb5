"""Writes the table of the lint's rules in docs/contracts.md anew, from the code.

python docs/rules.py
"""

from __future__ import annotations

from pathlib import Path

from eventyard.contracts.lint import RULES

PAGE = Path(__file__).with_name("contracts.md")
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->\n"


def page(text: str) -> str:
    """``text`` with the table between its marks as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = ["| rule | | asks | because |", "|---|---|---|---|"]
    for rule in RULES:
        always = "" if rule.check else ", always"
        lines.append(f"| `{rule.name}` | {rule.severity}{always} | {rule.summary} | {rule.why} |")
    return before + BEGIN + "\n".join(lines) + "\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
