"""Reads what `terraform test -json -verbose` says of an upgrade: plans, states and errors of each run."""

import re
from collections.abc import Mapping
from typing import Any

from gate import diagnostics
from gate.proof.values import PlannedChange
from gate.workspace import Workspace
from tfmodule.hcl_writer import Value

_WHY = {
    "delete_because_no_resource_config": "is destroyed: the new version declares it no more",
    "delete_because_no_module": "is destroyed: the new version calls that module no more",
    "delete_because_wrong_repetition": "is destroyed: its instances have other keys now",
    "delete_because_count_index": "is destroyed: there are fewer instances",
    "delete_because_each_key": "is destroyed: the key of this instance is gone",
    "delete_because_no_move_target": "is destroyed: it moved to where nothing is declared",
    "replace_because_cannot_update": "is replaced: the provider cannot change it in place",
    "replace_by_triggers": "is replaced: `replace_triggered_by` says so",
    "replace_because_tainted": "is replaced: it is tainted",
}


Events = tuple[Mapping[str, Any], ...]


def read(output: str) -> Events:
    """What was said, without the schemas that Terraform repeats in full with every plan and state."""
    found = []
    for event in diagnostics.events(output):
        for part in ("test_plan", "test_state"):
            if isinstance(event.get(part), dict):
                event[part].pop("provider_schemas", None)
        found.append(event)
    return tuple(found)


def problems(output: Events, run: str, workspace: Workspace) -> tuple[str, ...]:
    """The errors of one run, without what differs from time to time."""
    found = []
    for event in output:
        told = event.get("diagnostic")
        if isinstance(told, dict) and told.get("severity") == "error" and event.get("@testrun", run) == run:
            found.append(diagnostics.lasting(diagnostics.told(told, workspace)))
    return tuple(dict.fromkeys(found))


def first_error(text: str, workspace: Workspace) -> str:
    """The first error of a command that answers in plain text."""
    found = [one for one in diagnostics.from_text(text, "init", "", workspace) if one.severity == "error"]
    return found[0].message if found else "it did not say why"


def passed(output: Events, run: str) -> bool:
    """Whether a run came to its end and was right."""
    ends = [event["test_run"] for event in output if _is_run(event, run)]
    return any(end.get("status") == "pass" for end in ends)


def invented(output: Events, run: str, mocked: str) -> frozenset[str]:
    """The resources that a run replaces only because the mock had made something up: no plan changes that argument."""
    real, stand_in = (_managed(output, one) or {} for one in (run, mocked))
    return frozenset(
        address
        for address, change in real.items()
        if change.get("replace_paths")
        and all(_is_invented(str(path[0]), change, stand_in.get(address, {})) for path in change["replace_paths"])
    )


def _is_invented(name: str, real: Mapping[str, Any], mocked: Mapping[str, Any]) -> bool:
    before, after = ((real.get(side) or {}).get(name) for side in ("before", "after"))
    same = (mocked.get("before") or {}).get(name) == (mocked.get("after") or {}).get(name)
    return isinstance(before, str) and re.fullmatch("[0-9a-z]{8}", before) is not None and after is not None and same


def _managed(output: Events, run: str) -> dict[str, Mapping[str, Any]] | None:
    """Address → change, of the resources in a run's plan."""
    for event in output:
        plan = event.get("test_plan")
        if event.get("@testrun") == run and isinstance(plan, dict):
            return {one["address"]: one["change"] for one in plan.get("resource_changes", ()) if _is_managed(one)}
    return None


def _is_managed(item: Mapping[str, Any]) -> bool:
    return item.get("mode") == "managed"


def _is_run(event: Mapping[str, Any], run: str) -> bool:
    return event.get("@testrun") == run and isinstance(event.get("test_run"), dict)


def planned(output: Events, run: str) -> tuple[PlannedChange, ...] | None:
    """What a run would do to each resource, sorted; None where it made no plan."""
    for event in output:
        plan = event.get("test_plan")
        if event.get("@testrun") == run and isinstance(plan, dict):
            changes = [_change(one) for one in plan.get("resource_changes", ()) if _is_managed(one)]
            return tuple(sorted((one for one in changes if one.actions != ("no-op",) or one.moved_from), key=_order))
    return None


def _order(change: PlannedChange) -> str:
    return change.address


def _change(item: Mapping[str, Any]) -> PlannedChange:
    change, reason = item["change"], item.get("action_reason", "")
    actions, moved = tuple(change["actions"]), item.get("previous_address", "")
    paths = tuple(sorted(".".join(str(step) for step in path) for path in change.get("replace_paths", ())))
    why = _WHY.get(reason) or _action(actions)
    if paths:
        why += f" ({', '.join(f'`{path}`' for path in paths)})"
    if moved:
        why += f"; it was `{moved}`"
    return PlannedChange(item["address"], item["type"], actions, why, paths, moved)


def _action(actions: tuple[str, ...]) -> str:
    if "delete" in actions:
        return "is replaced" if "create" in actions else "is destroyed"
    words = {
        "create": "is added",
        "update": "is changed in place",
        "no-op": "stays",
        "forget": "is forgotten, not destroyed",
    }
    return words.get(actions[0] if actions else "", "is looked at")


def read_data(output: Events, run: str) -> dict[str, Mapping[str, Value]]:
    """Address without keys → the values that a run read there; of several instances the first."""
    for event in output:
        state = event.get("test_state")
        if event.get("@testrun") == run and isinstance(state, dict):
            found: dict[str, Mapping[str, Value]] = {}
            _collect(state.get("values", state).get("root_module", {}), found)
            return found
    return {}


def _collect(module: Mapping[str, Any], found: dict[str, Mapping[str, Value]]) -> None:
    for one in module.get("resources", ()):
        if one.get("mode") == "data":
            address = re.sub(r"\[[^\]]*\]", "", one["address"])
            found.setdefault(address, {key: value for key, value in one["values"].items() if value is not None})
    for child in module.get("child_modules", ()):
        _collect(child, found)
