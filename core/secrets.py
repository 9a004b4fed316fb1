"""Finds secrets in text and takes them out: by known value, and by the shape of every kind of token we meet (S23)."""

import re
from collections.abc import Iterable, Iterator

MASK = "[redacted]"

# No fixed lengths: GitHub's tokens are opaque and have grown before.
_SHAPES = re.compile(
    r"""
      gh[pousr]_[A-Za-z0-9_.\-]{8,}                                  # GitHub tokens of every kind
    | github_pat_[A-Za-z0-9_]{8,}
    | sk-ant-[A-Za-z0-9_\-]{8,}                                      # Claude
    | tsm_[A-Za-z0-9]{8,}                                            # our own
    | (?:AKIA|ASIA)[0-9A-Z]{16}
    | eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*  # JWT
    | -----BEGIN[ A-Z]{0,40}PRIVATE[ ]KEY-----(?:[^-]|-(?!----END)){0,20000}(?:-----END[ A-Z]{0,40}PRIVATE[ ]KEY-----)?
    | (?<=://)[^/\s:@]{1,200}:[^/\s@]{1,500}(?=@)                    # user:password in an address
    | /archives/signed/[A-Za-z0-9_./\-]+                             # a download that authorises itself
    """,
    re.VERBOSE,
)
_BEARER = re.compile(r"(?i)\b(bearer|basic|token)(\s+)[A-Za-z0-9_.~+/=\-]{12,}")


class Redactor:
    """Masks the values it was told and everything that looks like a secret."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        # Longest first, so that a value inside another does not leave the rest standing.
        known = sorted({value for value in values if len(value) >= 8}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(value) for value in known)) if known else None

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        return _BEARER.sub(rf"\1\2{MASK}", _SHAPES.sub(MASK, text))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets stand in a text for people: there, a long word after "basic" or "token" is only a word."""
        for pattern in (self._known, _SHAPES):
            if pattern is not None:
                yield from (match.span() for match in pattern.finditer(text))
        for match in _BEARER.finditer(text):
            if any(letter.isdigit() for letter in text[match.end(2) : match.end()]):
                yield match.end(2), match.end()
