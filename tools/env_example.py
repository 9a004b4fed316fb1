"""Writes deploy/env.example: every setting there is, with what it expects, from core/settings.py itself."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from core.settings import _REQUIRED, Settings, variable

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# Every setting of Terrasmith. Copy to .env for compose.yaml, or set them wherever your processes start.
# Written by tools/env_example.py from core/settings.py; a test holds the two together.
# Lines that begin with `#NAME=` show the default; the others must be set for at least one role.

# Only compose.yaml reads these two.
POSTGRES_PASSWORD=
GITHUB_PRIVATE_KEY_FILE=./github-app.private-key.pem
"""


def render() -> str:
    """The whole file."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        roles = [role for role, needed in _REQUIRED.items() if name in needed]
        default = "" if field.default in (None, PydanticUndefined, (), {}) else str(field.default)
        lines.append(f"# {field.description}." + (f" Needed by: {', '.join(roles)}." if roles else ""))
        lines.append(f"{'' if roles else '#'}{variable(name)}={default}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    (ROOT / "deploy" / "env.example").write_text(render(), encoding="utf-8")
