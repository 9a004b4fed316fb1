"""A question as somebody asked it: words to find and facts to filter by. Refuses one that is too long to be meant."""

from dataclasses import dataclass

from core.errors import UserError
from registry.search import words

LONGEST_TEXT = 500
"""Characters of a query."""
LONGEST_FILTER = 200
MOST_WORDS = 12
"""Words of a query that count; those after them are not looked at."""

# Words that say how somebody asks and not what for. They count only where there is no other.
_IDLE = frozenset(
    "a all an and any are as at by can create creates creating do does find for from get has have how i in into is it "  # noqa: SIM905
    "make makes me module modules my of on or our resource resources some terraform that the their there these this "
    "to use uses using want what where which who with".split()
)

FILTERS = {
    "system": "s",
    "namespace": "n",
    "verified": "v",
    "provider": "p",
    "resource_type": "r",
}
"""What one may filter by, and the letter that its tokens begin with."""


class QuestionError(UserError):
    """The question cannot be meant so."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """`limit` and `offset` say which part of the ranked answer is wanted."""

    text: str = ""
    system: str | None = None
    namespace: str | None = None
    verified: bool | None = None
    provider: str | None = None
    resource_type: str | None = None
    offset: int = 0
    limit: int = 20

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_TEXT:
            raise QuestionError(f"`q` is longer than {LONGEST_TEXT} characters: name a few words of what you look for.")
        for name in FILTERS:
            value = getattr(self, name)
            if isinstance(value, str) and len(value) > LONGEST_FILTER:
                raise QuestionError(f"`{name}` is longer than {LONGEST_FILTER} characters: nothing has such a value.")

    def runs(self) -> tuple[str, ...]:
        """The words and identifiers that are looked for, each once."""
        found = tuple(dict.fromkeys(words.runs(self.text)))[:MOST_WORDS]
        return tuple(one for one in found if one not in _IDLE) or found

    def filter_tokens(self) -> tuple[str, ...] | None:
        """The tokens that every answer must hold; None where a filter names what no module can have."""
        found = []
        for name, kind in FILTERS.items():
            value = getattr(self, name)
            if value is None or value == "":
                continue
            text = ("yes" if value else "no") if isinstance(value, bool) else value
            one = words.filter_token(kind, text)
            if one is None:
                return None
            found.append(one)
        return tuple(found)
