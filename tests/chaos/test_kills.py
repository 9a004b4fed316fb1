"""kill -9 at seeded moments, all over the system, while the story is told: it completes, and everything exists once.

A seed is a schedule of kills: after how many effects on GitHub, how much later, and whom. What a seed did is printed.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from tests.living_system import System, assert_single_effects, kill, play, until

PROMPT = "a label module for consistent names and tags"
TARGETS = ("web", "web-tls", "relay", "worker-quick", "worker-heavy", "valkey", "horse of quick", "horse of heavy")
KILLS = 4
SHORT = 5
"""Seeds that `make test` runs, on the story of one version; `make prove` runs all, the others on two versions."""
SEEDS = [*range(SHORT), *(pytest.param(seed, marks=pytest.mark.prove) for seed in range(SHORT, 20))]


@dataclass(frozen=True)
class Kill:
    """After `effects` more effects than at the start, and `delay` seconds, `target` gets SIGKILL."""

    effects: int
    delay: float
    target: str


def schedule(seed: int) -> list[Kill]:
    """The first target goes through all of them with the seeds, so that five seeds kill five kinds for sure."""
    chance = random.Random(seed)
    targets = [TARGETS[seed % len(TARGETS)], *(chance.choice(TARGETS) for _ in range(KILLS - 1))]
    # About as many effects as the story has: the last kills come while its last version is on its way.
    moments = sorted(chance.randrange(28 if seed < SHORT else 38) for _ in targets)
    chance.shuffle(targets)
    return [Kill(moment, chance.uniform(0, 1.5), target) for moment, target in zip(moments, targets, strict=True)]


@dataclass
class Killer:
    """Carries out a schedule in a thread of its own, and remembers what came of it."""

    system: System
    kills: list[Kill]
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._web = httpx.Client(base_url=self.system.addresses.github_web_url, timeout=30)
        self._before = self._effects()
        self._over = threading.Event()
        self._calm = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="killer")
        self._started = time.monotonic()
        self._thread.start()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody is killed in here, and everybody is back: a download has no second try of its own (Terraform's)."""
        with self._calm:
            until(self.system.serves, "every process to be back and to answer")
            yield

    def stop(self) -> None:
        """Faults stop here: what is still to come is left out."""
        self._over.set()
        self._thread.join(timeout=60)
        self._web.close()

    def _work(self) -> None:
        for planned in self.kills:
            while self._effects() - self._before < planned.effects and not self._over.is_set():
                self._over.wait(0.05)
            if self._over.wait(planned.delay):
                return
            with self._calm, suppress(psutil.NoSuchProcess):
                self._kill(planned)

    def _kill(self, planned: Kill) -> None:
        moment = f"{time.monotonic() - self._started:5.1f} s, {self._effects() - self._before} effects"
        for process in self._find(planned.target):
            kill(process)
            self.done.append(f"{moment}: {planned.target} ({process.pid})")

    def _find(self, target: str) -> Iterator[psutil.Process]:
        children = self.system.children()
        if not target.startswith("horse of "):
            yield from (process for name, process in children.items() if name == target)
            return
        worker = children.get(f"worker-{target.removeprefix('horse of ')}")
        if worker is not None:
            yield from worker.children()

    def _effects(self) -> int:
        return len(self._web.get("/_simulator/ledger").raise_for_status().json())


@pytest.mark.timeout(600)
@pytest.mark.checklist("F-01", "F-02", "F-06", "F-10", "P-07")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_story_completes_whoever_is_killed(system: System, tmp_path: Path, seed: int):
    kills = schedule(seed)
    print(f"seed {seed}: {kills}")
    story = system.story(tmp_path, f"{PROMPT} --repo terraform-terraform-chaos{seed}")
    killer = Killer(system, kills)
    consume = story.consume

    def consume_in_peace() -> None:
        with killer.held():
            consume()

    story.consume = consume_in_peace
    try:
        play(story, second_version=seed >= SHORT)
    finally:
        killer.stop()
        print("killed:", *killer.done, sep="\n  ")
    until(system.serves, "every process to be back")
    system.rest()
    assert_single_effects(system, story, ("0.1.0", "0.2.0") if seed >= SHORT else ("0.1.0",))
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "main.tf").write_text(story.facts["block"], encoding="utf-8")
    config = Path(system.addresses.cli_config)
    system.terraform.run(fresh, "init", "-no-color", config=config)
    system.terraform.run(fresh, "apply", "-no-color", "-auto-approve", config=config)
