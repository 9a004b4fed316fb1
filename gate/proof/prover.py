"""Tries an upgrade with a real Terraform: the old version is applied with mocked providers, the new one planned on it.

Never raises for what the versions hold. Where nobody could try, the proof holds what the interface shows, and says so.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gate.engines.found import find_cold, in_turn
from gate.engines.port import Engine, EngineBusyError, EngineLostError, EngineSettings, Session
from gate.engines.supported import read_version, release
from gate.mirror import find_mirror, versions_in
from gate.phases import mirror_source, stopped
from gate.policy import Policy
from gate.proof import plans
from gate.proof.callers import (
    NEW,
    OLD,
    Caller,
    callers,
    data_sources,
    foreign_call,
    lay_out,
    mock_defaults,
    not_followed,
    online_providers,
    provider_keys,
)
from gate.proof.runs import AFTER, AGAIN, BEFORE, FRESH, PLANS_ALONE, REALLY, Data, Providers, requirements, written
from gate.proof.values import PlannedChange, Proof, Scenario, Verdict
from gate.providers import BUILTIN, needed_providers
from gate.sandbox.levels import REQUIRED, enough
from gate.sandbox.probe import probe
from gate.screen import screen
from gate.workspace import Workspace, open_workspace
from tfmodule.comparison import Comparison, compare
from tfmodule.contents import Contents
from tfmodule.files import FileMap
from tfmodule.hcl import parse

_DEFAULT_POLICY = Policy()
_STATES_SINCE = (1, 11)
_MOST_SCENARIOS = 8
# Terraform repeats a provider's whole schema with every plan and state: 14 MB for AWS.
_OUTPUT_BYTES = 128 << 20
_MUTE = "the engine was stopped, or said nothing"
_OF_PROVIDERS = re.compile(r"provider", re.IGNORECASE)


def compare_files(before: FileMap, after: FileMap) -> Comparison:
    """What the declarations show, without any engine."""
    return compare(Contents.from_files(before), Contents.from_files(after))


def prove(before: FileMap, after: FileMap, *, engine: EngineSettings, policy: Policy = _DEFAULT_POLICY) -> Proof:
    """Compare two versions of a module, then try the upgrade for each caller that the old one brings as an example."""
    changes = compare_files(before, after).changes
    sides = []
    for name, files in (("old", before), ("new", after)):
        screened = screen(files, policy, profile="safety")
        if screened.refused:
            return Proof(changes, note=f"No upgrade was tried: the {name} version does not pass the gate's screen.")
        sides.append(screened.admitted)
    return _Trial(sides[0], sides[1], replace(engine, output_bytes=_OUTPUT_BYTES)).proof(Proof(changes))


@dataclass
class _Trial:
    """One upgrade on the bench."""

    before: FileMap
    after: FileMap
    settings: EngineSettings
    online: Mapping[str, str] = field(default_factory=dict)

    def proof(self, so_far: Proof) -> Proof:
        # Never the warm one: it prints no more than a judgement needs, and lends providers that are mocked or real.
        engine, found = in_turn(self.settings, find_cold(self.settings)), probe()
        if engine is None:
            return _untried(so_far, "there is no terraform on this machine")
        if not enough(self.settings.sandbox, found.level):
            reason = f"this machine can contain code only to level {found.level}, and {REQUIRED} is needed"
            return _untried(so_far, reason)
        try:
            return self._on_the_bench(so_far, engine)
        except EngineBusyError:
            return _untried(so_far, "every engine was at work for too long")
        except EngineLostError:
            return _untried(so_far, "the engine went away")

    def _on_the_bench(self, so_far: Proof, engine: Engine) -> Proof:
        mirror = find_mirror(self.settings.provider_mirror)
        self.online = online_providers(self.before, self.after)
        end = time.monotonic() + 2 * self.settings.timeout_seconds
        with open_workspace(self._files(), mirror) as workspace, engine.open(workspace) as session:
            asked = session.run(["version"], directory="", deadline=end)
            version = read_version(asked.stdout)
            if version is None or version[0] != "terraform" or release(version[1]) < _STATES_SINCE:
                told = " ".join(version) if version else "this engine"
                return _untried(so_far, f"{told} has no `state_key`; it takes terraform 1.11 or later")
            missing = [one for one in self._sources() if not versions_in(mirror, mirror_source(one, version[0]))]
            if missing:
                return _untried(so_far, f"`{missing[0]}` is not in the provider mirror")
            bench = _Bench(self, workspace, session, end)
            scenarios = tuple(bench.scenario(n, one) for n, one in enumerate(self._callers()))
            return Proof(so_far.changes, scenarios, engine=" ".join(version))

    def _callers(self) -> tuple[Caller, ...]:
        return callers(self.before)[:_MOST_SCENARIOS]

    def _files(self) -> dict[str, bytes]:
        """Both versions, below a root that only names the providers."""
        return {**lay_out(self.before, self.after), "versions.tf": requirements(self.online)}

    def _sources(self) -> list[str]:
        needed = {
            one.source
            for files in (self.before, self.after)
            for one in needed_providers({path: parse(path, data) for path, data in files.items() if _is_code(path)})
        }
        return sorted(needed - {BUILTIN})

    def providers(self, caller: Caller) -> Providers:
        laid_out = lay_out(self.before, self.after)
        mocks = {one: mock_defaults(self.before, laid_out, one.rpartition("/")[2]) for one in self.online}
        # The root is the same before and after, unless it is the module itself.
        return Providers(self.online, mocks, provider_keys(self.before, caller.directory, self.online))


@dataclass
class _Bench:
    trial: _Trial
    workspace: Workspace
    session: Session
    end: float

    def scenario(self, number: int, caller: Caller) -> Scenario:
        for side, files in ((OLD, self.trial.before), (NEW, {**self.trial.after, **_examples(self.trial.before)})):
            foreign = foreign_call(files, caller.directory)
            if foreign is not None:
                text = f"the {side} version calls `{foreign}`, which is not in the archive"
                return Scenario(caller.name, "undecided", undecided=text)
            cut = not_followed(files, caller.directory)
            if cut is not None:
                return Scenario(caller.name, "undecided", undecided=f"the {side} version: {cut}")
        data = self._data(caller)
        path = f"upgrade_{number}.tftest.hcl"
        providers = self.trial.providers(caller)
        alone = frozenset(providers.keys.values()) <= PLANS_ALONE
        runs: tuple[str, ...] = (BEFORE, AFTER, REALLY) if providers.keys and alone else (BEFORE, AFTER)
        target = self.workspace.work / path
        # `init` wants to see every run. Those of the new version alone stand last: one that fails ends the file.
        target.write_bytes(written(caller, providers, data, (*runs, FRESH, AGAIN)))
        problem = self._init()
        if problem is not None:
            target.write_bytes(written(caller, providers, data, (BEFORE,)))
            if not _OF_PROVIDERS.search(problem) and self._init() is None:
                target.unlink()
                return Scenario(caller.name, "breaking", problems=(problem,))
        elif data.before or data.after:
            # What a mock makes up for data differs from run to run: read once, it is told to all that follow.
            target.write_bytes(written(caller, providers, data, (BEFORE,)))
            first = self._test(path)
            values = plans.read_data(first, BEFORE)
            data = Data(data.before, data.after, values)
            if not plans.passed(first, BEFORE):
                problem = f"the old version itself: {_joined(plans.problems(first, BEFORE, self.workspace)) or _MUTE}"
        if set(data.after) <= set(data.values):  # what a mock makes up anew at each run would change by itself
            runs = (*runs, FRESH, AGAIN)
        target.write_bytes(written(caller, providers, data, runs))
        try:
            if problem is not None:
                return Scenario(caller.name, "undecided", undecided=problem)
            return self._read(caller, self._test(path), runs, providers)
        finally:
            target.unlink()

    def _data(self, caller: Caller) -> Data:
        after = {**self.trial.after, **_examples(self.trial.before)}
        return Data(data_sources(self.trial.before, caller.directory), data_sources(after, caller.directory), {})

    def _init(self) -> str | None:
        arguments = ["init", "-backend=false", "-input=false", "-no-color"]
        done = self.session.run(arguments, directory="", deadline=self._deadline())
        if done.code == 0:
            return None
        return f"`init` failed: {plans.first_error(done.stderr, self.workspace)}"

    def _test(self, path: str) -> plans.Events:
        arguments = ["test", "-json", "-verbose", "-no-color", f"-filter={path}"]
        done = self.session.run(arguments, directory="", deadline=self._deadline())
        halt = stopped(done, "test")
        # Half of an answer would be read as a whole one.
        return () if halt else plans.read(done.stdout)

    def _deadline(self) -> float:
        return min(self.end, time.monotonic() + self.trial.settings.timeout_seconds)

    def _read(self, caller: Caller, output: plans.Events, runs: tuple[str, ...], providers: Providers) -> Scenario:
        if not plans.passed(output, BEFORE):
            text = _joined(plans.problems(output, BEFORE, self.workspace)) or _MUTE
            return Scenario(caller.name, "undecided", undecided=f"the old version itself: {text}")
        mocked = plans.planned(output, AFTER)
        if mocked is None or not plans.passed(output, AFTER):
            problems = plans.problems(output, AFTER, self.workspace)
            if not problems:
                return Scenario(caller.name, "undecided", undecided=_MUTE)
            if not caller.directory:
                # Made-up values may be what is refused, and not the step.
                return Scenario(caller.name, "undecided", undecided=f"with made-up values: {_joined(problems)}")
            return Scenario(caller.name, "breaking", problems=problems)
        changes, replacement = self._replacing(output, mocked, runs, providers)
        verdict: Verdict = "breaking" if any(change.destroys for change in changes) else "harmless"
        return Scenario(caller.name, verdict, changes, replacement=replacement, repeated=_repeated(output))

    def _replacing(
        self, output: plans.Events, mocked: tuple[PlannedChange, ...], runs: tuple[str, ...], providers: Providers
    ) -> tuple[tuple[PlannedChange, ...], str]:
        """What is planned, with what only real providers know: which arguments they cannot change in place."""
        if not any("update" in change.actions for change in mocked):
            return mocked, ""  # nothing is changed in place, so nothing can be replaced instead
        if not providers.keys:
            return mocked, ""  # the providers were real from the start
        if REALLY not in runs:
            names = ", ".join(sorted(set(providers.keys.values()) - PLANS_ALONE))
            return mocked, f"whether anything is replaced, only {names} could say, and it wants an account"
        real = plans.planned(output, REALLY)
        if real is None or not plans.passed(output, REALLY):
            text = _joined(plans.problems(output, REALLY, self.workspace)) or _MUTE
            return mocked, f"whether anything is replaced, the real provider could not say: {text}"
        invented = plans.invented(output, REALLY, AFTER)
        known = {change.address: change for change in real if change.destroys and change.address not in invented}
        addresses = {change.address for change in mocked}
        changes = [known.get(change.address, change) for change in mocked]
        changes += [change for address, change in known.items() if address not in addresses]
        told = ", ".join(f"`{address}`" for address in sorted(invented))
        text = f"whether {told} would be replaced depends on values that a mock made up" if told else ""
        return tuple(sorted(changes, key=lambda change: change.address)), text


def _untried(proof: Proof, reason: str) -> Proof:
    return Proof(proof.changes, note=f"No upgrade was tried: {reason}.")


def _repeated(output: plans.Events) -> tuple[str, ...] | None:
    """What the second plan of the new version changes. What is destroyed and made anew on purpose is among it."""
    planned = plans.planned(output, AGAIN) if plans.passed(output, AGAIN) else None
    if planned is None:
        return None
    return tuple(one.address for one in planned if set(one.actions) - {"no-op", "read"})


def _examples(files: FileMap) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.startswith("examples/")}


def _is_code(path: str) -> bool:
    return path.endswith(".tf")


def _joined(problems: tuple[str, ...]) -> str:
    return " ".join(problems)
