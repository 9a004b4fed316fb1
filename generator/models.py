"""Which of Claude's models answers what, and how hard it thinks. Knows no price and no wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from core.errors import SettingsError

Purpose = Literal["brief", "write", "repair", "review"]
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
_ESCALATION = "escalation"


@dataclass(frozen=True)
class Choice:
    """A model; `effort` None leaves the model its own."""

    model: str
    effort: str | None = None


_DEFAULTS: Mapping[str, Choice] = MappingProxyType(
    {
        "brief": Choice("claude-sonnet-5-5"),
        "write": Choice("claude-opus-5-5", "medium"),
        "repair": Choice("claude-opus-5-5", "medium"),
        "review": Choice("claude-sonnet-5-5"),
        _ESCALATION: Choice("claude-fable-5-1"),
    }
)


@dataclass(frozen=True)
class Models:
    """The models by purpose; `escalation` is asked once where the first one refused."""

    choices: Mapping[str, Choice] = field(default_factory=lambda: _DEFAULTS)

    def of(self, purpose: Purpose) -> tuple[Choice, ...]:
        """The models to ask, in this order."""
        first, second = self.choices[purpose], self.choices[_ESCALATION]
        return (first,) if first.model == second.model else (first, second)

    @property
    def names(self) -> frozenset[str]:
        """Every model that may be asked."""
        return frozenset(choice.model for choice in self.choices.values())


def choose(writing_model: str = "", given: Mapping[str, str] | None = None) -> Models:
    """The defaults, with another model for write and repair, and `purpose: model[:effort]` over them."""
    choices = dict(_DEFAULTS)
    if writing_model:
        for purpose in ("write", "repair"):
            choices[purpose] = Choice(writing_model, choices[purpose].effort)
    for purpose, text in (given or {}).items():
        if purpose not in choices:
            known = ", ".join((*get_args(Purpose), _ESCALATION))
            raise SettingsError(f"TERRASMITH_ANTHROPIC_MODELS is wrong: `{purpose[:40]}` is none of {known}.")
        model, _, effort = text.partition(":")
        if not model or (effort and effort not in _EFFORTS):
            raise SettingsError(
                f"TERRASMITH_ANTHROPIC_MODELS is wrong: `{purpose}={text[:80]}` is not `{purpose}=MODEL` or "
                f"`{purpose}=MODEL:EFFORT`; an effort is low, medium, high, xhigh or max."
            )
        choices[purpose] = Choice(model, effort or None)
    return Models(choices)
