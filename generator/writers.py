"""Chooses who writes briefs and modules. A key decides; what falls back from one to the other says so."""

from generator import instructions
from generator.briefing import Briefer, ClaudeBriefer, TemplateBriefer
from generator.messages import Claude
from generator.models import Models, choose
from generator.spending import Purse
from generator.template_writer import TemplateWriter
from generator.writing import Writer


def make_writer(
    api_key: str | None, base_url: str | None, model: str, models: Models | None = None, purse: Purse | None = None
) -> Writer:
    """Claude where there is a key, the built-in templates otherwise. The SDK is imported at the first call only."""
    if not api_key:
        return TemplateWriter()
    from generator.claude import ClaudeWriter

    claude = Claude(api_key=api_key, base_url=base_url, models=models or choose(model), purse=purse)
    return ClaudeWriter(claude, TemplateWriter())


def make_briefer(
    api_key: str | None, base_url: str | None, model: str, models: Models | None = None, purse: Purse | None = None
) -> Briefer:
    """Claude where there is a key, the built-in templates otherwise."""
    if not api_key:
        return TemplateBriefer()
    claude = Claude(api_key=api_key, base_url=base_url, models=models or choose(model), purse=purse)
    return ClaudeBriefer(claude, instructions.text("brief.md"))
