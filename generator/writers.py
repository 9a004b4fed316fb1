"""Chooses who writes briefs and modules. A key decides, and nothing falls back from one to the other in silence."""

from pathlib import Path

from generator.briefing import Briefer, ClaudeBriefer, TemplateBriefer
from generator.template_writer import TemplateWriter
from generator.writing import Writer


def make_writer(api_key: str | None, base_url: str | None, model: str) -> Writer:
    """Claude where there is a key, the built-in templates otherwise. The SDK is imported at the first call only."""
    if not api_key:
        return TemplateWriter()
    from generator.claude import ClaudeWriter

    return ClaudeWriter(api_key=api_key, base_url=base_url, model=model)


def make_briefer(api_key: str | None, base_url: str | None, model: str) -> Briefer:
    """Claude where there is a key, the built-in templates otherwise."""
    if not api_key:
        return TemplateBriefer()
    from generator.claude import ClaudeWriter

    instructions = (Path(__file__).parent / "prompts" / "brief.md").read_text(encoding="utf-8")
    return ClaudeBriefer(ClaudeWriter(api_key=api_key, base_url=base_url, model=model), instructions)
