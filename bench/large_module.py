"""A module as large as terraform-aws-vpc 6: 90 files, 370 kB of Terraform, thirteen examples. It needs no provider.

Made, not copied: what it costs to read, judge and publish is alike, what it creates is nothing.
"""

import random
from collections.abc import Iterator

from tfmodule.archive import Entry

_VARIABLES, _RESOURCES, _OUTPUTS, _EXAMPLES = 260, 110, 115, 13

_WORDS_TEXT = (
    "network subnet route table gateway zone address range tag policy name private public internal shared regional the "
    "a of with for each when whether every without default optional required created attached removed replaced enabled "
    "endpoint service log bucket stream role peering tunnel customer device firewall rule group port protocol"
)
_WORDS = _WORDS_TEXT.split()

_VARIABLE = """variable "subnet_{n}" {{
  description = "Settings of the {n}th group of subnets: how many there are, how large, and in which zones they lie"
  type = object({{
    enabled = optional(bool, true)
    names   = optional(list(string), [])
    tags    = optional(map(string), {{}})
  }})
  default = {{}}
}}

"""
_RESOURCE = """resource "terraform_data" "subnet_{n}" {{
  count = local.create && length(var.subnet_{n}.names) > 0 ? length(var.subnet_{n}.names) : 0

  input = {{
    name    = try(var.subnet_{n}.names[count.index], "subnet-{n}-${{count.index}}")
    enabled = alltrue([for one in [var.subnet_{n}.enabled, local.create] : one])
    tags = merge(
      {{ "Name" = format("%s-%d", var.name, count.index) }},
      var.tags,
      var.subnet_{n}.tags,
    )
  }}
}}

"""
_OUTPUT = """output "subnet_{n}_ids" {{
  description = "Ids of the {n}th group of subnets"
  value       = terraform_data.subnet_{n}[*].id
}}

"""
_NAMED = """variable "name" {
  description = "What everything is called"
  type        = string
  default     = "network"
}

variable "tags" {
  description = "Tags of everything"
  type        = map(string)
  default     = {}
}

"""
_LOCALS = """locals {
  create = var.name != ""
}

"""
_VERSIONS = """terraform {
  required_version = ">= 1.4"
}
"""


def entries(number: int) -> list[Entry]:
    """The `number`th of them: each has other bytes."""
    files = {"README.md": f"# Network {number}\n\n" + _prose(90), "LICENSE": _prose(11), "CHANGELOG.md": _prose(80)}
    files |= _module("", _RESOURCES, _VARIABLES, _OUTPUTS)
    files |= _module("modules/endpoints/", 12, 20, 12)
    for example in range(_EXAMPLES):
        folder = f"examples/case-{example}/"
        call = f'module "network" {{\n  source = "../.."\n\n  name = "case-{example}"\n}}\n\n'
        files |= _module(folder, 14, 16, 14)
        files[f"{folder}main.tf"] = call + files[f"{folder}main.tf"]
        files |= {f"{folder}README.md": f"# Case {example}\n\n" + _prose(6), f"{folder}versions.tf": _VERSIONS}
    files |= {f"docs/page-{page}.md": _prose(4) for page in range(2)}
    return [Entry(path, text.encode()) for path, text in sorted(files.items())]


def _module(folder: str, resources: int, variables: int, outputs: int) -> dict[str, str]:
    return {
        f"{folder}main.tf": _LOCALS + "".join(_each(_RESOURCE, resources)).rstrip() + "\n",
        f"{folder}variables.tf": _NAMED + "".join(_each(_VARIABLE, variables)).rstrip() + "\n",
        f"{folder}outputs.tf": "".join(_each(_OUTPUT, min(outputs, resources))).rstrip() + "\n",
        f"{folder}versions.tf": _VERSIONS,
        f"{folder}README.md": _prose(2),
    }


def _each(template: str, count: int) -> Iterator[str]:
    return (template.format(n=number) for number in range(count))


def _prose(kilobytes: int) -> str:
    chance = random.Random(kilobytes)
    lines = (" ".join(chance.choices(_WORDS, k=16)).capitalize() + ".\n" for _ in range(kilobytes * 10))
    return "".join(lines)
