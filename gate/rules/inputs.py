"""How a module asks: types, descriptions, nulls, validations and their tests."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material
from gate.report import Finding
from tfmodule.expressions import names_in, read_expression
from tfmodule.facts import Variable

SHORTEST = 15
_NONE = "The module has no inputs."
_WORDS = re.compile(r"[a-z0-9]+")
_ANY = re.compile(r"\bany\b")
_LOOSE = re.compile(r"^(?:map|list|set)\((?:map|list|set)\((?:map|list|set|any)?")
_COLLECTION = re.compile(r"^(?:list|set|map|tuple)\b")
# Names whose values follow a form that a machine can check.
_FORMS = re.compile(
    r"(?:^|_)(?:cidrs?|arns?|email|url|uri|domain|hostname|ports?|protocol|mode|algorithm|storage_class|engine|retention"
    r"|schedule|timezone|letter_case|delimiter|ipv[46])(?:_|$)|^names?$|_prefix$|_cidr_blocks?$|(?:^|_)json$|^policy$"
)


def _findings(rule: str, wrong: Iterator[tuple[Variable, str, str]]) -> Iterator[Finding]:
    for variable, message, fix in wrong:
        yield Finding(rule, "warning", message, variable.path, variable.line, fix=fix)


def _all(material: Material) -> list[Variable]:
    return [variable for part in material.parts for variable in part.facts.variables]


def types(material: Material) -> Conclusion:
    """A type lets Terraform refuse a wrong value at the caller's line. `any` takes whatever comes."""

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in variables:
            if one.type_text is None:
                yield one, f'The variable "{one.name}" has no type.', "Add `type = …`."
            elif one.type_text.strip() == "any":
                fix = "Name the type, as `object({ … })` where it has several values."
                yield one, f'The variable "{one.name}" has the type `any`.', fix

    variables = _all(material)
    return counted(_findings("variable-types", wrong()), len(variables), _NONE)


def descriptions(material: Material) -> Conclusion:
    """A description of fifteen characters or more says what the name does not: the unit, the form, what null means."""

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in variables:
            said = (one.description or "").strip()
            fix = "Say what it is for, in which form or unit, and what leaving it out means."
            if not said:
                yield one, f'The variable "{one.name}" has no description.', fix
            elif len(said) < SHORTEST:
                yield one, f'The description of "{one.name}" has fewer than {SHORTEST} characters.', fix
            elif "".join(_WORDS.findall(said.casefold())) == "".join(_WORDS.findall(one.name.casefold())):
                yield one, f'The description of "{one.name}" only repeats its name.', fix

    variables = _all(material)
    return counted(_findings("variable-descriptions", wrong()), len(variables), _NONE)


def nulls(material: Material) -> Conclusion:
    """Where a default stands and null means nothing, `nullable = false` makes null stand for the default. Collections
    are empty, never null: every `for` and `length` may rely on it.
    """

    def meant(one: Variable) -> bool:
        has_value = one.default_text is not None and one.default_text.strip() != "null"
        return has_value or bool(_COLLECTION.match((one.type_text or "").strip()))

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in considered:
            if one.nullable:
                fix = "Add `nullable = false`."
                if one.default_text is not None and one.default_text.strip() == "null":
                    fix = "Give it an empty default, and add `nullable = false`."
                yield one, f'The variable "{one.name}" may be null, which means nothing here.', fix

    considered = [one for one in _all(material) if meant(one)]
    return counted(_findings("variable-nulls", wrong()), len(considered), "No input has a default other than null.")


def structures(material: Material) -> Conclusion:
    """Structured inputs name their members, `object({ … optional(type, default) })`: a loose map takes a mistyped key
    and says nothing.
    """

    def structured(one: Variable) -> bool:
        text = re.sub(r"\s+", "", one.type_text or "")
        return "object(" in text or bool(_LOOSE.match(text)) or (bool(_ANY.search(text)) and text != "any")

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in considered:
            text = re.sub(r"\s+", "", one.type_text or "")
            if _ANY.search(text) or "object(" not in text:
                fix = 'Write `object({ name = optional(string, "…") })` with the members that are read.'
                yield one, f'The variable "{one.name}" is a loose structure: nobody can see what belongs in it.', fix

    considered = [one for one in _all(material) if structured(one)]
    return counted(_findings("variable-structures", wrong()), len(considered), "No input is structured.")


def constrained(one: Variable) -> bool:
    """Whether the values of an input follow a form or lie in a range."""
    kind = re.sub(r"\s+", "", one.type_text or "")
    if kind == "number":
        return True
    return kind in ("string", "list(string)", "set(string)") and bool(_FORMS.search(one.name))


def validations(material: Material) -> Conclusion:
    """Numbers have a range, and names, ARNs, CIDR blocks and choices a form: a `validation` says so before anything
    is planned, in the module's own words.
    """

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in considered:
            if not one.validations:
                fix = "Add a `validation` block whose message says what is allowed."
                yield one, f'The variable "{one.name}" takes any value, although it has a form or a range.', fix

    considered = [one for one in _all(material) if constrained(one)]
    return counted(_findings("variable-validations", wrong()), len(considered), "No input has a form or a range.")


def validation_tests(material: Material) -> Conclusion:
    """A validation that was never seen to refuse may refuse nothing. For each there is a run that it refuses, with
    `expect_failures`, and one that it lets pass.
    """
    refused: dict[str, int] = {}
    passing = 0
    for run in material.runs:
        expected = run.text("expect_failures")
        names = set(names_in(expected, "var")) if expected else set()
        passing += expected is None
        for name in names:
            refused[name] = refused.get(name, 0) + 1

    def wrong() -> Iterator[tuple[Variable, str, str]]:
        for one in considered:
            lacking = len(one.validations) - refused.get(one.name, 0)
            if lacking > 0:
                fix = f"Add a `run` block with a value that is refused and `expect_failures = [var.{one.name}]`."
                yield one, f'{lacking} of the validations of "{one.name}" have no test that they refuse.', fix
            elif not passing:
                yield one, f'No test shows a value of "{one.name}" that is accepted.', "Add a `run` block that passes."

    considered = [one for one in material.root.facts.variables if one.validations]
    return counted(_findings("validation-tests", wrong()), len(considered), "No input has a validation.")


def refers_to_others(one: Variable) -> bool:
    """Whether a validation looks at another variable, which Terraform allows since 1.9."""
    return any(
        reference.parts[0] != "var" or reference.parts[1] != one.name
        for validation in one.validations
        for reference in read_expression(validation.condition).references
        if reference.parts[0] in ("var", "local", "data")
    )
