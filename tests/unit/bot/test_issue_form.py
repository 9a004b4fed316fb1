"""The issue form that ships: by GitHub's rules for forms, read back as GitHub writes it, and obeyed like a comment."""

import re
from typing import Any

import pytest
import yaml

from bot import commands, issue_form

# GitHub's syntax for issue forms and their elements: which keys there are, and which must be.
TOP = {"name", "description", "title", "labels", "assignees", "projects", "type", "body"}
ATTRIBUTES: dict[str, tuple[set[str], set[str]]] = {
    "markdown": ({"value"}, set()),
    "textarea": ({"label"}, {"description", "placeholder", "value", "render"}),
    "input": ({"label"}, {"description", "placeholder", "value"}),
    "dropdown": ({"label", "options"}, {"description", "multiple", "default"}),
    "checkboxes": ({"label", "options"}, {"description"}),
}

FILLED = """### What shall the module create?

/generate an S3 bucket
with versioning

### Provider

aws

### What must hold?

- Versioning is on.
Nothing is public.

### What must callers be able to set?

_No response_

### What is not part of it?

_No response_
"""


def form() -> dict[str, Any]:
    read = yaml.safe_load(issue_form.text())
    assert isinstance(read, dict)
    return read


def test_the_form_keeps_githubs_rules() -> None:
    given = form()
    assert set(given) <= TOP and {"name", "description", "body"} <= set(given)
    assert all(isinstance(given[key], str) and given[key].strip() for key in ("name", "description", "title"))
    assert all(isinstance(label, str) for label in given["labels"])
    ids, labels = [], []
    for element in given["body"]:
        kind = element["type"]
        needed, allowed = ATTRIBUTES[kind]
        assert set(element) <= {"type", "attributes", "validations", "id"}
        assert needed <= set(element["attributes"]) <= needed | allowed
        assert all(isinstance(value, str | list) and value for value in element["attributes"].values())
        if kind == "markdown":
            assert not {"id", "validations"} & set(element)
            continue
        assert set(element.get("validations", {})) <= {"required"}
        assert isinstance(element.get("validations", {}).get("required", False), bool)
        ids.append(element["id"])
        labels.append(element["attributes"]["label"])
        if kind == "dropdown":
            options = element["attributes"]["options"]
            assert len(set(options)) == len(options) and "None" not in options, "GitHub adds its own `None`"
            assert all(isinstance(option, str) for option in options)
    assert labels, "a form needs a field that can be filled in"
    assert len(set(ids)) == len(ids) and len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", one) for one in ids)
    assert issue_form.PLACE.startswith(".github/ISSUE_TEMPLATE/")


def test_what_we_read_by_name_is_in_the_form() -> None:
    fields = {one["attributes"]["label"]: one for one in form()["body"] if "id" in one}
    assert {issue_form.PROVIDER, issue_form.WANTED} <= set(fields)
    for option in fields[issue_form.PROVIDER]["attributes"]["options"]:
        read = issue_form.provider(f"### Provider\n\n{option}\n")
        assert read == (None if " " in option else option)
    assert commands.parse(fields["What shall the module create?"]["attributes"]["value"] + "a VPC") is not None


def test_a_filled_form_is_a_command_and_fields() -> None:
    assert issue_form.fields(FILLED) == (
        ("What shall the module create?", "/generate an S3 bucket\nwith versioning"),
        ("Provider", "aws"),
        ("What must hold?", "- Versioning is on.\nNothing is public."),
    )
    command = commands.parse(issue_form.wish(FILLED))
    assert command is not None and (command.name, command.prompt) == ("generate", "an S3 bucket\nwith versioning")
    assert issue_form.provider(FILLED) == "aws"
    assert issue_form.wanted(FILLED) == ("Versioning is on.", "Nothing is public.")


@pytest.mark.parametrize("body", ["", "/generate x", "Hello\n\n### Provider\n\naws", "###\n\n###", "### a" * 30_000])
def test_what_no_form_made_is_taken_as_it_is(body: str) -> None:
    assert issue_form.fields(body) == ()
    assert issue_form.wish(body) == body
    assert issue_form.provider(body) is None
    assert issue_form.wanted(body) == ()


@pytest.mark.parametrize("value", ["aws\naws", "AWS", "a" * 65, "../x", "`aws`"])
def test_a_provider_that_is_no_name_is_none(value: str) -> None:
    assert issue_form.provider(f"### Provider\n\n{value}") is None
