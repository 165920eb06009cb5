"""From a pattern's text to its meaning, refusing what AWS refuses in AWS's words. Matches nothing itself."""

from __future__ import annotations

from typing import NoReturn

from eventyard.pattern.operators import (
    BOUND,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Numeric,
    Prefix,
    Suffix,
    Test,
    Wildcard,
    pack_address,
)
from eventyard.pattern.structure import Branch, Condition, Path, Pattern
from eventyard.pattern.syntax import Node, read, refuse

COMBINATIONS = 1000
STARS_BEFORE_ONE_CHARACTER = 9
"""Decision where AWS is silent: "a dozen" repeats are too many, see PATTERNS.md."""


def parse(text: str) -> Pattern:
    """Read an event pattern. Raises ``InvalidPattern`` with AWS's sentence."""
    node = read(text)
    if not isinstance(node.value, dict):
        refuse("Filter is not an object", text, node.end)
    return Pattern(text, tuple(_Reader(text).object(node, ())))


class _Reader:
    """Walks the JSON of one pattern; ``text`` is kept for locations."""

    def __init__(self, text: str) -> None:
        self.text = text

    def refuse(self, reason: str, node: Node) -> NoReturn:
        refuse(reason, self.text, node.end)

    def object(self, node: Node, path: Path) -> list[Branch]:
        """The branches that the members of an object multiply to."""
        if not node.value:
            self.refuse("Empty objects are not allowed", node)
        branches: list[Branch] = [()]
        for key, member in node.value.items():
            if key == "$or":
                choices = self.alternatives(member, path)
            elif isinstance(member.value, dict):
                choices = self.object(member, (*path, key))
            elif isinstance(member.value, list):
                choices = [(Condition((*path, key), self.tests(member)),)]
            else:
                self.refuse(f'"{key}" must be an object or an array', member)
            if len(branches) * len(choices) > COMBINATIONS:
                refuse(f"Rule is too complex - there are more than {COMBINATIONS} $or combinations")
            branches = [left + right for left in branches for right in choices]
        return branches

    def alternatives(self, node: Node, path: Path) -> list[Branch]:
        if not isinstance(node.value, list):
            self.refuse('"$or" must be an array of objects', node)
        if not node.value:
            self.refuse("Empty arrays are not allowed", node)
        for item in node.value:
            if not isinstance(item.value, dict):
                self.refuse("There must be only objects in an $or relationship", item)
        if len(node.value) < 2:
            self.refuse("There must have at least 2 Objects in $or relationship.", node)
        branches: list[Branch] = []
        for item in node.value:
            branches += self.object(item, path)
            if len(branches) > COMBINATIONS:
                refuse(f"Rule is too complex - there are more than {COMBINATIONS} $or combinations")
        return branches

    def tests(self, node: Node) -> tuple[Test, ...]:
        if not node.value:
            self.refuse("Empty arrays are not allowed", node)
        tests: list[Test] = []
        for item in node.value:
            if isinstance(item.value, dict):
                tests.append(self.operator(item))
            elif isinstance(item.value, list):
                self.refuse("Match value must be String, number, true, false, or null", item)
            else:
                tests.append(Exact(item.value))
        return tuple(tests)

    def operator(self, node: Node) -> Test:
        if not node.value:
            self.refuse("Empty objects are not allowed", node)
        if len(node.value) > 1:
            self.refuse("Only one key allowed in match expression", node)
        [(name, operand)] = node.value.items()
        match name:
            case "prefix" | "suffix":
                return self.affix(name, operand)
            case "equals-ignore-case":
                return EqualsIgnoreCase(self.string(name, operand).lower())
            case "wildcard":
                return self.wildcard(operand)
            case "numeric":
                return self.numeric(operand)
            case "cidr":
                return self.cidr(operand)
            case "exists":
                if not isinstance(operand.value, bool):
                    self.refuse("exists match pattern must be either true or false.", operand)
                return Exists(operand.value)
            case "anything-but":
                return AnythingBut(self.anything_but(operand))
        return refuse(f"Unrecognized match type {name}", self.text, node.end)

    def string(self, name: str, node: Node) -> str:
        # AWS names prefix for cidr, too (observed).
        if not isinstance(node.value, str):
            self.refuse(f"{'prefix' if name == 'cidr' else name} match pattern must be a string", node)
        text: str = node.value
        return text

    def affix(self, name: str, node: Node) -> Test:
        kind = Prefix if name == "prefix" else Suffix
        if not isinstance(node.value, dict):
            return kind(self.string(name, node))
        if set(node.value) != {"equals-ignore-case"}:
            wrong = next((key for key in node.value if key != "equals-ignore-case"), "")
            self.refuse(f"Unsupported {name} pattern: {wrong}", node)
        return kind(self.string("equals-ignore-case", node.value["equals-ignore-case"]).lower(), ignore_case=True)

    def wildcard(self, node: Node) -> Wildcard:
        text = self.string("wildcard", node)
        parts = [""]
        at = 0
        while at < len(text):
            if text[at] == "\\":
                if text[at + 1 : at + 2] not in ("*", "\\"):
                    self.refuse(f"Invalid escape character at pos {at}", node)
                parts[-1] += text[at + 1]
                at += 2
            elif text[at] == "*":
                if text[at + 1 : at + 2] == "*":
                    self.refuse(f"Consecutive wildcard characters at pos {at}", node)
                parts.append("")
                at += 1
            else:
                parts[-1] += text[at]
                at += 1
        followers = [part[:1] for part in parts[1:] if part]
        if any(followers.count(each) > STARS_BEFORE_ONE_CHARACTER for each in set(followers)):
            refuse(
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
                "after a wildcard character"
            )
        return Wildcard(tuple(parts))

    def numeric(self, node: Node) -> Numeric:
        items = node.value
        if not isinstance(items, list):
            self.refuse("Value of numeric must be an array.", node)
        if not items:
            self.refuse("Invalid member in numeric match: ]", node)
        if len(items) > 4:
            self.refuse("Too many elements in numeric expression", node)
        if len(items) % 2:
            self.refuse("Missing numeric operand", node)
        bounds: dict[str, int | float] = {}
        for operator, operand in zip(items[::2], items[1::2], strict=True):
            if not isinstance(operator.value, str):
                self.refuse("Invalid member in numeric match: " + str(operator.value), operator)
            if operator.value not in ("=", "<", "<=", ">", ">="):
                self.refuse(f"Unrecognized numeric range operator: {operator.value}", operator)
            if isinstance(operand.value, bool) or not isinstance(operand.value, int | float):
                self.refuse(f"Value of {operator.value} must be numeric", operand)
            if not -BOUND <= operand.value <= BOUND:
                self.refuse("Value must be between -5.0E9 and 5.0E9, inclusive", operand)
            if bounds and (operator.value[0] != "<" or next(iter(bounds))[0] != ">"):
                self.refuse("Bad numeric range operator: " + operator.value, operator)
            bounds[operator.value] = operand.value if isinstance(operand.value, int) else float(operand.value)
        if "=" in bounds:
            return Numeric(bounds["="], True, bounds["="], True)
        low = bounds.get(">", bounds.get(">=", -BOUND))
        high = bounds.get("<", bounds.get("<=", BOUND))
        if len(bounds) == 2 and low >= high:
            self.refuse("Bottom must be less than top", node)
        return Numeric(low, ">" not in bounds, high, "<" not in bounds)

    def cidr(self, node: Node) -> Cidr:
        text = self.string("cidr", node)
        address, slash, mask = text.partition("/")
        if not slash or "/" in mask:
            refuse("Malformed CIDR, one '/' required")
        if not (mask.isascii() and mask.isdigit()) or len(mask) > 3:
            refuse("Malformed CIDR, mask bits must be an integer")
        packed = pack_address(address)
        if packed is None:
            refuse(f"Nonstandard IP address: {address}")
        free = len(packed) * 8 - int(mask)
        if free < 0:
            refuse("Malformed CIDR, mask bits must be in the range 0 to " + str(len(packed) * 8))
        first = int.from_bytes(packed) >> free << free
        return Cidr(first.to_bytes(len(packed)), (first | (1 << free) - 1).to_bytes(len(packed)))

    def anything_but(self, node: Node) -> tuple[Test, ...]:
        if isinstance(node.value, dict):
            return self.anything_but_operator(node)
        items = node.value if isinstance(node.value, list) else [node]
        if not items:
            self.refuse("Empty arrays are not allowed", node)
        for item in items:
            if isinstance(item.value, bool) or not isinstance(item.value, str | int | float):
                self.refuse("Value of anything-but must be an array or single string/number value.", item)
        if len({isinstance(item.value, str) for item in items}) > 1:
            self.refuse(
                "Inside anything but list, either all values are number or string, mixed type is not supported", node
            )
        return tuple(Exact(item.value) for item in items)

    def anything_but_operator(self, node: Node) -> tuple[Test, ...]:
        if len(node.value) != 1:
            self.refuse("Only one key allowed in match expression", node)
        [(name, operand)] = node.value.items()
        if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            self.refuse(f"Unsupported anything-but pattern: {name}", operand)
        items = operand.value if isinstance(operand.value, list) else [operand]
        if not items:
            self.refuse("Empty arrays are not allowed", operand)
        tests: list[Test] = []
        for item in items:
            if name == "equals-ignore-case":
                tests.append(EqualsIgnoreCase(self.string(name, item).lower()))
            elif name == "wildcard":
                tests.append(self.wildcard(item))
            else:
                test = self.affix(name, item)
                if isinstance(test, Prefix | Suffix) and not test.text:
                    self.refuse("Null prefix/suffix not allowed", item)
                tests.append(test)
        return tuple(tests)
