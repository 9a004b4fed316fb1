"""What a job may use: the settings, the database, GitHub, the storage, the gate and the generator. One per process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from bot.github.gateway import GitHub
from bot.github.tokens import TokenCache
from core import log
from core.db import Database
from core.doorbell import Doorbell
from core.redis import connect
from core.secrets import Redactor
from core.settings import Settings
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.material import Evidence
from gate.modules import NO_MODULES, Modules
from gate.policy import operators_policy
from gate.proof.prover import prove
from gate.proof.values import Proof
from gate.report import Report
from gate.reuse import report_key
from gate.sandbox.probe import must_hold
from gate.scanning.scanner import Scanner
from gate.scanning.scanners import make_scanner, tools
from gate.scanning.warm import ScannerSettings
from generator import prices
from generator.briefing import Briefer
from generator.models import Models, choose
from generator.spending import Caps, Payer, Purse
from generator.writers import make_briefer, make_writer
from generator.writing import Writer
from registry.services import judgements
from registry.storage.opening import open_storage
from registry.storage.port import Storage
from tfmodule.files import FileMap
from workers.ledger import DatabaseLedger, Write

GUARDED = Evidence(guarded=True)
"""Whatever is judged here comes through our own check run, or through a publication that runs the same checks."""


@dataclass(frozen=True)
class Environment:
    """The outside world of one worker process. Connections are made on first use, which is after the fork."""

    settings: Settings

    @cached_property
    def database(self) -> Database:
        assert self.settings.database_url is not None
        assert self.settings.redis_url is not None
        return Database(self.settings.database_url, after_commit=Doorbell(connect(self._redis_url)).ring)

    @cached_property
    def github(self) -> GitHub:
        return GitHub(self.settings, TokenCache(connect(self._redis_url), self.settings))

    @cached_property
    def storage(self) -> Storage:
        return open_storage(self.settings)

    def writer(self, write: Write, payer: Payer) -> Writer:
        """Who writes modules, at this payer's expense; `write` opens the job's own units of work."""
        key = self.settings.anthropic_api_key
        return make_writer(
            key.get_secret_value() if key else None,
            self.settings.anthropic_base_url,
            self.settings.anthropic_model,
            self._models,
            self._purse(write, payer) if key else None,
        )

    def briefer(self, write: Write, payer: Payer) -> Briefer:
        """Who makes briefs, at this payer's expense."""
        key = self.settings.anthropic_api_key
        return make_briefer(
            key.get_secret_value() if key else None,
            self.settings.anthropic_base_url,
            self.settings.anthropic_model,
            self._models,
            self._purse(write, payer) if key else None,
        )

    @property
    def caps(self) -> Caps:
        """What may be spent."""
        return Caps.read(self.settings.anthropic_caps)

    @property
    def _models(self) -> Models:
        return choose(self.settings.anthropic_model, self.settings.anthropic_models)

    def _purse(self, write: Write, payer: Payer) -> Purse:
        return Purse(DatabaseLedger(write, self.caps), prices.read(self.settings.anthropic_prices), payer)

    @cached_property
    def redact(self) -> Redactor:
        return log.redactor(self.settings)

    def judge(self, profile: str, modules: Modules = NO_MODULES) -> Callable[[FileMap], Report]:
        """The gate, ready for one profile, and for the calls of modules that our registry knows.

        What it said of the same files before, with the same tools, it need not find out again.
        """

        def judged(files: FileMap) -> Report:
            policy = operators_policy(
                self.settings.allowed_providers, self.settings.allowed_module_hosts, self.settings.provider_hashes
            )
            scans = tools(self.scanning)
            key = report_key(
                files,
                profile=profile,
                engine=self.engine,
                policy=policy,
                modules=modules,
                scanner=scans,
                evidence=GUARDED,
            )
            with self.database.read() as session:
                known = judgements.find(session, key)
            if known is not None:
                return known
            report = judge(
                files,
                profile=profile,
                engine=self.engine,
                policy=policy,
                modules=modules,
                scanner=self.scanner,
                evidence=GUARDED,
            )
            with self.database.unit_of_work() as session:
                judgements.keep(session, key, report)
            return report

        return judged

    @cached_property
    def scanner(self) -> Scanner:
        """What looks for insecure settings; the warm one of this machine, where it runs."""
        return make_scanner(self.scanning)

    @property
    def scanning(self) -> ScannerSettings:
        """How modules are scanned here."""
        return ScannerSettings(
            self.settings.scanner,
            self.settings.scanner_socket,
            self.settings.engine_timeout_seconds,
            contained=must_hold(self.settings.sandbox),
        )

    def prove(self, before: FileMap, after: FileMap) -> Proof:
        """What an upgrade does, by this machine's engine."""
        policy = operators_policy(self.settings.allowed_providers, self.settings.allowed_module_hosts)
        return prove(before, after, engine=self.engine, policy=policy)

    @property
    def engine(self) -> EngineSettings:
        """How Terraform is run here."""
        return EngineSettings(
            terraform=self.settings.terraform,
            provider_mirror=str(self.settings.provider_mirror) if self.settings.provider_mirror else None,
            sandbox=self.settings.sandbox,
            timeout_seconds=self.settings.engine_timeout_seconds,
            memory_bytes=self.settings.engine_memory_mib * 1024 * 1024,
            socket=self.settings.engine_socket,
            jobs=self.settings.engine_jobs,
            turns=self.settings.data_dir / "turns",
        )

    @property
    def _redis_url(self) -> str:
        assert self.settings.redis_url is not None
        return self.settings.redis_url.get_secret_value()
