"""Which model answers what, by default and by setting."""

import pytest

from core.errors import SettingsError
from generator.models import Choice, Models, choose


def test_the_defaults_are_those_of_the_documentation() -> None:
    models = Models()
    assert models.of("brief")[0] == models.of("review")[0] == Choice("claude-sonnet-5-5")
    assert models.of("write") == (Choice("claude-opus-5-5", "medium"), Choice("claude-fable-5-1"))


def test_a_setting_changes_what_it_names_alone() -> None:
    models = choose("mine", {"review": "claude-haiku-5-5:low", "escalation": "mine"})
    assert models.of("write") == (Choice("mine", "medium"),), "a model is not asked again for what it refused"
    assert models.of("review")[0] == Choice("claude-haiku-5-5", "low")
    assert models.of("brief")[0] == Choice("claude-sonnet-5-5")
    assert models.names == {"mine", "claude-haiku-5-5", "claude-sonnet-5-5"}


@pytest.mark.parametrize("given", [{"wite": "x"}, {"write": ""}, {"write": "x:extreme"}])
def test_a_wrong_setting_is_named(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"^TERRASMITH_ANTHROPIC_MODELS is wrong"):
        choose("", given)
