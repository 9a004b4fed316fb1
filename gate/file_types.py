"""Which files a module may hold, by name, and which of them Terraform gets to see. Knows no HCL."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Literal

Treatment = Literal["code", "kept", "certificate", "ignored", "forbidden"]
"""`code`: Terraform reads it. `kept`: lies beside it; `certificate` too, if it holds no key. `ignored`: stays out of
sight. `forbidden`: not accepted."""


@dataclass(frozen=True)
class FileRule:
    """The first rule whose pattern matches decides. Patterns match any part of a path (`x/`) or the file name."""

    pattern: str
    treatment: Treatment
    why: str = ""
    fix: str = ""


_STATE = "it is state or a plan: it holds real values, often secrets"
_PLANTED = "Terraform would take it as its own configuration or as a provider to run"
_VALUES = "Terraform loads it by itself and would override the values that users give"
_SCANNER = "a scanner would take orders from it, up to running code"
_TWIN = "Terraform or OpenTofu would read it in place of, or over, the files that people review"
_CREDENTIAL = "it looks like a key or a credential"
_LABEL = re.compile(rb"-----BEGIN ([^\n-]*)-----")
_PUBLIC = frozenset(
    {b"CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CERTIFICATE", b"X509 CRL", b"PUBLIC KEY", b"CERTIFICATE REQUEST"}
)

_KEPT_SUFFIXES = """
    md markdown rst txt adoc json yaml yml toml ini cfg conf csv xml html css sql graphql rego cue service cloud-config
    tpl tftpl tmpl j2 sh bash ps1 py js mjs ts rb go mod sum tfvars tfvars.example example png jpg jpeg gif svg webp
"""
_KEPT_NAMES = """
    LICENSE LICENCE COPYING NOTICE AUTHORS CHANGELOG CODEOWNERS CONTRIBUTING MAINTAINERS README SECURITY VERSION
    Makefile GNUmakefile Taskfile Justfile Dockerfile Gemfile Gemfile.lock Jenkinsfile
"""

# Order matters: the forbidden come first.
FILE_RULES: tuple[FileRule, ...] = (
    FileRule(".terraform/", "forbidden", _PLANTED, "Delete the directory and add `.terraform/` to .gitignore."),
    FileRule("terraform.d/", "forbidden", _PLANTED, "Delete the directory; providers come from a registry."),
    FileRule(".terraform.d/", "forbidden", _PLANTED, "Delete the directory; providers come from a registry."),
    FileRule(".tflint.d/", "forbidden", _SCANNER, "Delete the directory."),
    FileRule(".tfsec/", "forbidden", _SCANNER, "Delete the directory; suppress a rule by a comment in the code."),
    FileRule(".git/", "forbidden", "a git directory can carry hooks", "Publish the files, not the repository."),
    FileRule("*.tfstate", "forbidden", _STATE, "Delete the file, and rotate every secret it holds."),
    FileRule("*.tfstate.*", "forbidden", _STATE, "Delete the file, and rotate every secret it holds."),
    FileRule("*.tfplan", "forbidden", _STATE, "Delete the file."),
    FileRule(
        "terraform.tfvars", "forbidden", _VALUES, "Use defaults in variables.tf, or call it `name.tfvars.example`."
    ),
    FileRule("terraform.tfvars.json", "forbidden", _VALUES, "Use defaults in variables.tf."),
    FileRule("*.auto.tfvars", "forbidden", _VALUES, "Use defaults in variables.tf, or call it `name.tfvars.example`."),
    FileRule("*.auto.tfvars.json", "forbidden", _VALUES, "Use defaults in variables.tf."),
    FileRule(".terraformrc", "forbidden", _PLANTED, "Delete the file."),
    FileRule("terraform.rc", "forbidden", _PLANTED, "Delete the file."),
    FileRule(".tofurc", "forbidden", _PLANTED, "Delete the file."),
    FileRule("tofu.rc", "forbidden", _PLANTED, "Delete the file."),
    FileRule(".checkov.yml", "forbidden", _SCANNER, "Delete the file; suppress a rule by a comment in the code."),
    FileRule(".checkov.yaml", "forbidden", _SCANNER, "Delete the file; suppress a rule by a comment in the code."),
    FileRule("override.tf", "forbidden", _TWIN, "Move its contents into the file it overrides."),
    FileRule("*_override.tf", "forbidden", _TWIN, "Move its contents into the file it overrides."),
    FileRule("*.tf.json", "forbidden", _TWIN, "Write it as a .tf file."),
    FileRule("*.tftest.json", "forbidden", _TWIN, "Write it as a .tftest.hcl file."),
    FileRule("*.tfmock.json", "forbidden", _TWIN, "Write it as a .tfmock.hcl file."),
    FileRule("*.tfquery.*", "forbidden", _TWIN, "Leave it out: a module holds no queries."),
    FileRule("*.tfstack.*", "forbidden", _TWIN, "Leave it out: a module is no stack."),
    FileRule("*.tfcomponent.*", "forbidden", _TWIN, "Leave it out: a module is no stack."),
    FileRule("*.tfdeploy.*", "forbidden", _TWIN, "Leave it out: a module is no stack."),
    FileRule("*.tofu", "forbidden", _TWIN, "Write it as a .tf file."),
    FileRule("*.tofuvars", "forbidden", _VALUES, "Use defaults in variables.tf."),
    FileRule("*.tofuvars.json", "forbidden", _VALUES, "Use defaults in variables.tf."),
    FileRule("*.tofu.json", "forbidden", _TWIN, "Write it as a .tf file."),
    FileRule("*.tofutest.*", "forbidden", _TWIN, "Write it as a .tftest.hcl file."),
    FileRule("id_rsa*", "forbidden", _CREDENTIAL, "Delete the file, and rotate the key."),
    FileRule("id_ed25519*", "forbidden", _CREDENTIAL, "Delete the file, and rotate the key."),
    *(
        FileRule(f"*.{suffix}", "certificate", _CREDENTIAL, "Delete the file; if it was a private key, rotate it.")
        for suffix in ("pem", "crt", "cer")
    ),
    FileRule("*.key", "forbidden", _CREDENTIAL, "Delete the file, and rotate the key."),
    FileRule("*.p12", "forbidden", _CREDENTIAL, "Delete the file, and rotate the key."),
    FileRule("*.pfx", "forbidden", _CREDENTIAL, "Delete the file, and rotate the key."),
    FileRule(".netrc", "forbidden", _CREDENTIAL, "Delete the file, and rotate what it holds."),
    FileRule(".env", "forbidden", _CREDENTIAL, "Delete the file, and rotate what it holds."),
    FileRule("*.tf", "code"),
    FileRule("*.tftest.hcl", "code"),
    FileRule("*.tfmock.hcl", "code"),
    # For tools that have no say here. They stay in the repository and never meet Terraform.
    FileRule(".github/", "ignored"),
    FileRule(".gitlab/", "ignored"),
    FileRule(".circleci/", "ignored"),
    FileRule(".vscode/", "ignored"),
    FileRule(".idea/", "ignored"),
    FileRule(".devcontainer/", "ignored"),
    FileRule(".terraform.lock.hcl", "ignored"),
    FileRule(".tflint.hcl", "ignored"),
    FileRule(".trivyignore*", "ignored"),
    FileRule("trivy.y*ml", "ignored"),
    FileRule("trivy-secret.y*ml", "ignored"),
    FileRule("kics.config", "ignored"),
    FileRule("tfsec.y*ml", "ignored"),
    FileRule("terragrunt.hcl", "ignored"),
    FileRule(".*", "ignored"),
    *(FileRule(f"*.{suffix}", "kept") for suffix in _KEPT_SUFFIXES.split()),
    *(FileRule(name, "kept") for name in _KEPT_NAMES.split()),
)

_UNREAD = FileRule(
    "",
    "forbidden",
    "Terraform passes over a file of this name, so what people review there never counts",
    "Rename it: no dot in front, and the ending in small letters.",
)

PICTURES = ("png", "jpg", "jpeg", "gif", "webp")
"""The only kinds that need not be text."""


def belongs(path: str) -> bool:
    """Whether a file is part of the module: judged, and so published. The rest is the repository's own business."""
    rule = rule_for(path)
    return rule is not None and rule.treatment in ("code", "kept", "certificate")


def sets_values(path: str) -> bool:
    """Whether Terraform would load the file by itself, as values for the configuration it lies in."""
    rule = rule_for(path)
    return rule is not None and rule.why == _VALUES


def may_hold_a_key(path: str) -> bool:
    """Whether the file belongs to the module only if `is_certificate` says so of what is in it."""
    rule = rule_for(path)
    return rule is not None and rule.treatment == "certificate"


def is_certificate(data: bytes) -> bool:
    """Whether a PEM file holds what everybody may read, and nothing else."""
    labels = set(_LABEL.findall(data))
    return bool(labels) and labels <= _PUBLIC and b"PRIVATE KEY" not in data.upper()


def rule_for(path: str) -> FileRule | None:
    """The rule that decides about a path; None when no rule knows it. Case does not count."""
    folded, written = path.casefold(), path.rpartition("/")[2]
    *directories, name = folded.split("/")
    for rule in FILE_RULES:
        pattern = rule.pattern.casefold()
        if pattern.endswith("/"):
            if pattern[:-1] in directories:
                return rule
        elif fnmatch.fnmatchcase(name, pattern):
            return _UNREAD if rule.treatment == "code" and _passed_over(written, rule) else rule
    return None


def _passed_over(name: str, rule: FileRule) -> bool:
    """Terraform looks at the ending as it is written, and takes a dot in front for an editor's file."""
    return name.startswith(".") or not name.endswith(rule.pattern.removeprefix("*"))
