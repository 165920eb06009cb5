"""What lines there may be in generated Go and Java, whatever their schema was like; written without a look at the
emitters' own code for names and texts."""

from __future__ import annotations

import re

_GO_TYPE = r"(?:\*|\[\]|map\[string\])*(?:interface\{\}|string|int64|float64|bool|[A-Z][A-Za-z0-9]*)"
_GO = re.compile(
    rf"package [a-z][a-z0-9_]*|type [A-Z][A-Za-z0-9]* (?:struct \{{|{_GO_TYPE})"
    rf"|\t[A-Z][A-Za-z0-9_]* {_GO_TYPE} `json:\"[^\"`\\\x00-\x1f\x7f]*\"`|\}}|",
)
_JAVA_TYPE = r"(?:List<|Map<String, )*(?:Object|String|Long|Double|Boolean|[A-Z][A-Za-z0-9]*)>*"
_JAVA = re.compile(
    r"package [a-z0-9_.]+;|import (?:com\.fasterxml\.jackson\.annotation|java\.util)\.[A-Za-z]+;"
    r"|@JsonAutoDetect\(|        [a-zA-Z]+Visibility = JsonAutoDetect\.Visibility\.NONE[,)]"
    r"|@JsonIgnoreProperties\(ignoreUnknown = true\)|@JsonInclude\(JsonInclude\.Include\.NON_NULL\)"
    r"|public class [A-Z][A-Za-z0-9]* \{|    @JsonProperty\(TEXT\)"
    rf"|    private {_JAVA_TYPE} [a-zA-Z][A-Za-z0-9_]*;|    public {_JAVA_TYPE} get[A-Z][A-Za-z0-9_]*\(\) \{{"
    rf"|    public void set[A-Z][A-Za-z0-9_]*\({_JAVA_TYPE} value\) \{{"
    r"|        return this\.[a-zA-Z][A-Za-z0-9_]*;|        this\.[a-zA-Z][A-Za-z0-9_]* = value;|    \}|\}|",
)
_TEXT = re.compile(r'"(?:[^"\\\n]|\\["\\]|\\[0-7]{3}|\\u[0-9a-f]{4})*"')
_COMMENT = re.compile(r"^ *(?:/\*\*\n(?:[^*\n]*\*(?: (?:(?!\*/)[^\n])*)?\n)*?[^*\n]*\*/)$", re.MULTILINE)


def go_broken_out(source: str) -> list[str]:
    """The lines of a file of types that have no place there."""
    lines = source.split("\n")
    return [line for line in lines if not line.lstrip("\t").startswith("// ") and not _GO.fullmatch(line)]


def java_broken_out(source: str) -> list[str]:
    """The same of a class. A Unicode escape is read before anything else, so none may stand for what means something;
    one behind an odd number of backslashes is one."""
    escapes = re.findall(r"(?<!\\)(?:\\\\)*\\u+([0-9a-fA-F]{4})", source)
    wrong = [f"\\u{each}" for each in escapes if int(each, 16) < 0x80]
    # Comments begin at the start of a line, where no text does, and no text has a line break in it.
    bare = _TEXT.sub("TEXT", _COMMENT.sub("", source))
    return wrong + [line for line in (each.rstrip() for each in bare.split("\n")) if not _JAVA.fullmatch(line)]
