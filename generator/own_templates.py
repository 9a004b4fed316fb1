"""Templates of an organisation's own, beside the built-in ones: a folder of folders, read or refused with the reason.

Also the first files of a new one. docs/guides/add-a-template.md says what belongs into them.
"""

import re
import tomllib
from pathlib import Path

from core.errors import UserError
from gate.fixes import FLOORS
from generator.catalogue import ABOUT, Template, read_template
from tfmodule.files import FileMap, printable

_NAME = re.compile(r"([a-z][a-z0-9]{0,19})-([a-z][a-z0-9-]{0,48}[a-z0-9])")

_TOML = """name = "{name}"
system = "{system}"
title = "{title}"
summary = "What it creates, in a sentence or two."
example = "{words}"
required_version = ">= 1.7"
assumptions = []
notes = []
{providers}
[match]
strong = ["{words}"]
weak = ["{system}"]

[minimal]
name = "example"

# Words of a request that change the module's defaults.
# [[options]]
# words = ["encryption", "encrypted"]
# asked.set = {{ encrypted = true }}
# asked.says = "It is encrypted by default."
"""

_PROVIDER = """
[providers.{system}]
source = "hashicorp/{system}"
version = "{version}"
"""

_MAIN = """# Put the module's resources in the place of this one; call the main one `this`.
resource "terraform_data" "this" {
  input = var.name
}
"""

_VARIABLES = """variable "name" {
  description = "The name of what is created, also the beginning of the names of its parts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "The name has 2 to 40 lower-case letters, digits and hyphens, and begins with a letter."
  }
}
"""

_OUTPUTS = """output "id" {
  description = "The id of what was created."
  value       = terraform_data.this.id
}
"""

_COMPLETE = """module "example" {
  source = "../../"

  name = "example"
}
"""

_TESTS = """variables {
  name = "example"
}

run "defaults" {
  command = plan

  assert {
    condition     = terraform_data.this.input == "example"
    error_message = "The resource must bear the name."
  }
}

run "a_name_that_cannot_be" {
  command = plan

  variables {
    name = "No Name"
  }

  expect_failures = [var.name]
}
"""


class TemplateError(UserError):
    """A folder that is no template, and why."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"`{printable(str(folder))}` is no template: {why}. See docs/guides/add-a-template.md.")


def read_own(directory: Path) -> tuple[Template, ...]:
    """Every folder of the directory that has a template.toml, sorted by name. Raises UserError."""
    if not directory.is_dir():
        raise UserError(f"`{printable(str(directory))}` is not a folder.")
    found = tuple(_read(folder) for folder in sorted(directory.iterdir()) if (folder / ABOUT).is_file())
    if not found:
        raise UserError(
            f"No folder in `{printable(str(directory))}` holds a {ABOUT}. "
            f"Begin one: `terrasmith templates new aws-thing --in {printable(str(directory))}`."
        )
    return found


def _read(folder: Path) -> Template:
    try:
        return read_template(folder)
    except KeyError as error:
        raise TemplateError(folder, f"{ABOUT} lacks `{error.args[0]}`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateError(folder, f"{ABOUT} cannot be read: {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise TemplateError(folder, f"{ABOUT} is wrong: {error}") from None
    except OSError as error:
        raise TemplateError(folder, f"it cannot be read: {error.strerror}") from None


def skeleton(folder: str) -> FileMap:
    """The first files of the template `<system>-<name>`. They pass the gate; what they make is yours to write."""
    found = _NAME.fullmatch(folder)
    if found is None:
        raise UserError(
            f"`{printable(folder)}` is no name of a template. It is `<system>-<name>` in lower-case letters, digits "
            "and hyphens, such as `aws-cache`, where the system is the provider's name or `terraform`."
        )
    system, name = found.groups()
    words = name.replace("-", " ")
    provider = "" if system == "terraform" else _PROVIDER.format(system=system, version=FLOORS.get(system, ">= 0"))
    about = _TOML.format(name=name, system=system, title=words.capitalize(), words=words, providers=provider)
    return {
        ABOUT: about.encode(),
        "main.tf": _MAIN.encode(),
        "variables.tf": _VARIABLES.encode(),
        "outputs.tf": _OUTPUTS.encode(),
        "examples/complete/main.tf": _COMPLETE.encode(),
        "tests/defaults.tftest.hcl": _TESTS.encode(),
    }
