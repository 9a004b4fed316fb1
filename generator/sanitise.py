"""Makes a stranger's or a model's text harmless before it lands in Markdown or in a file (S17, S21).

Knows nothing of meaning: it removes what cannot be seen, what GitHub would act on, and what a browser would run.
"""

import re
import unicodedata

# Cc control, Cf format (bidi overrides, zero width, tag characters), Cs surrogates, Co private, Cn unassigned,
# Zl/Zp line separators. Variation selectors are marks (Mn), so they are named by their ranges.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Fillers that render as nothing although Unicode calls them letters or marks.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u2800")

_COMMENT = re.compile(r"<!--.{0,2000}?(?:-->|$)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,500}>")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}(?:\s[^()]{0,300})?\)")
_SCHEME = re.compile(r"\b(?:[a-z][a-z0-9+.-]{0,20}://|www\.|javascript:|data:)", re.IGNORECASE)
_MENTION = re.compile(r"@+(?=[\w/-])")
_ISSUE = re.compile(r"(?:\b[\w.-]{1,100}/[\w.-]{1,100})?#+(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
_COMMAND = re.compile(r"^[\s>*+-]*/+")
_SIGNS = str.maketrans({"<": "", ">": "", "\\": "", "*": "", "`": "'", "|": "/", "[": "(", "]": ")"})
_ROUNDS = 8


def visible(text: str) -> str:
    """The text without what a reviewer cannot see. Line breaks and tabs stay."""
    return "".join(character for character in text if character in "\n\t" or not _is_invisible(character))


def sentence(text: str, limit: int = 300) -> str:
    """One line of plain prose, fit for a README, a comment or a pull request."""
    # Bounded before the expressions run, and generously: markup is about to fall away.
    line = visible(text[: limit * 4])
    # What is taken out may bring together what stood around it; a line that never settles keeps its words alone.
    for _ in range(_ROUNDS):
        before, line = line, _harmless(" ".join(line.split()))
        if line == before:
            break
    else:
        line = " ".join(re.findall(r"[^\W_]+", line))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _harmless(line: str) -> str:
    line = _COMMENT.sub("", _COMMAND.sub("", line))
    line = _TAG.sub("", _IMAGE_OR_LINK.sub(r"\1", line))
    line = line.translate(_SIGNS).replace("~~", "")
    line = _ISSUE.sub("no. ", _MENTION.sub("", _SCHEME.sub("", line)))
    return _COMMAND.sub("", line).lstrip("#=-+ ").strip()


def file_text(text: str) -> bytes:
    """Content of a generated file: visible characters only, one newline at the end."""
    plain = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    return (plain.rstrip() + "\n").encode()


def _is_invisible(character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    if character in _BLANK_LETTERS:
        return True
    code = ord(character)
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or any(code in r for r in _VARIATION_SELECTORS)
