"""Our constraints against the real client: one run of it decides hundreds of constraints, and we decide them too."""

import json
import os
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tfmodule.archive import Entry, pack
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.version import Version

HOST = "reg.example.test"
BATCH = 200

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")

_INVALID = "invalid"
_SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.prove) for seed in range(1, 15))]


def versions(chance: random.Random) -> tuple[str, ...]:
    """What a registry might list: releases and prereleases close to each other, some with build metadata."""
    found: dict[str, str] = {}
    while len(found) < 14:
        core = f"{chance.choice((0, 1, 1, 2, 10))}.{chance.choice((0, 1, 2, 10))}.{chance.choice((0, 1, 3, 12))}"
        pre = chance.choice(["", "", "", "-rc.1", "-rc.2", "-beta", "-2", "-alpha-1.x"])
        found.setdefault(core + pre, core + pre + chance.choice(["", "", "", "+b7"]))
    return tuple(found.values())


def constraint(chance: random.Random, listed: tuple[str, ...]) -> str:
    """A constraint as people write them, well or badly: near what is listed, so that each term decides something."""
    terms = [_term(chance, listed) for _ in range(chance.choice((1, 1, 1, 2, 2, 3)))]
    return chance.choice([",", ", ", " , "]).join(terms)


def _term(chance: random.Random, listed: tuple[str, ...]) -> str:
    bound = chance.choice(listed)
    if chance.random() < 0.4:
        bound = ".".join(bound.split("-")[0].split("+")[0].split(".")[: chance.choice((1, 2, 3))])
    if chance.random() < 0.1:
        bound = chance.choice(["v", "0", ""]) + bound + chance.choice([".0", ".1", "rc1", "-", "-rc~1", "+c"])
    operator = chance.choice(["", "", "=", "!=", ">", ">=", "<", "<=", "~>", "~>"])
    if chance.random() < 0.03:
        operator = chance.choice(["^", "=>", "~", "=="])
    gap = chance.choice(["", " ", " ", " ", "  "]) if operator else ""
    return operator + gap + bound


def ours(dialect: Dialect, text: str, listed: tuple[str, ...]) -> str | None:
    """What we would choose."""
    try:
        chosen = Constraints.parse(dialect, text).choose(Version.parse(one) for one in listed)
    except InvalidConstraintError:
        return _INVALID
    return str(chosen) if chosen else None


@pytest.mark.checklist("R30", "R31")
@pytest.mark.parametrize("seed", _SEEDS)
def test_R30_R31_modules_are_chosen_as_terraform_get_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"modules {seed}")
    listed = versions(chance)
    texts = [constraint(chance, listed) for _ in range(BATCH)]
    expected = {number: ours(Dialect.MODULE, text, listed) for number, text in enumerate(texts)}
    with registry(listed) as port:
        work = Client(tmp_path, f'services = {{ "modules.v1" = "http://127.0.0.1:{port}/" }}')
        said, refused = until_nothing_new(lambda kept: work.run("get", modules(kept)), texts, 4)
    assert said.returncode == 0, said.stderr
    chosen = {number: _INVALID if "Invalid" in why else None for number, why in refused.items()} | work.installed()
    assert told(texts, chosen) == told(texts, expected)
    assert len(set(expected.values())) > 8, "the batch decides nothing"


@pytest.mark.parametrize("seed", _SEEDS)
def test_providers_are_chosen_as_terraform_init_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"providers {seed}")
    listed = tuple(one.split("+")[0] for one in versions(chance))
    texts = [constraint(chance, listed) for _ in range(BATCH)]
    expected = {number: ours(Dialect.PROVIDER, text, listed) for number, text in enumerate(texts)}
    work = Client(tmp_path, "services = {}", _mirror(tmp_path / "mirror", listed, texts))
    said, refused = until_nothing_new(lambda kept: work.run("init", providers(kept)), texts, 1, before=2)
    # One without a match is enough, and nothing is chosen: so once more, without those.
    unmet = {int(number) for number in re.findall(r"provider\s+a/p(\d+):\s+no\s+available", said.stderr)}
    kept = [(n, text) for n, text in enumerate(texts) if n not in refused and n not in unmet]
    installing = re.findall(r"Installing a/p(\d+) v(\S+?)\.\.\.", work.run("init", providers(kept)).stdout)
    chosen = dict.fromkeys(range(BATCH)) | dict.fromkeys(refused, _INVALID) | {int(n): one for n, one in installing}
    assert told(texts, chosen) == told(texts, expected)
    assert len(set(expected.values())) > 8, "the batch decides nothing"


@pytest.mark.parametrize("seed", _SEEDS)
def test_required_version_is_judged_as_terraform_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"terraform {seed}")
    mine = json.loads(Client(tmp_path, "services = {}").run("version", "", "-json").stdout)["terraform_version"]
    own = Version.parse(mine)
    near = [(own.major, own.minor + i, own.patch + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    listed = (*(f"{a}.{b}.{max(c, 0)}" for a, b, c in near), f"{mine}-rc1", "1.0.0", "2.0.0")
    texts = [constraint(chance, listed) for _ in range(BATCH)]
    work = Client(tmp_path, "services = {}")
    block = "terraform {{\n  required_version = {}\n}}\n"
    _, refused = until_nothing_new(
        lambda kept: work.run("get", "".join(block.format(json.dumps(text)) for _, text in kept)), texts, 3
    )
    theirs = {
        n: "ok" if n not in refused else ("no" if "Unsupported" in refused[n] else _INVALID) for n in range(BATCH)
    }
    mind = {n: ours(Dialect.TERRAFORM, text, (mine,)) for n, text in enumerate(texts)}
    expected = {n: {_INVALID: _INVALID, None: "no"}.get(one, "ok") for n, one in mind.items()}
    assert told(texts, theirs) == told(texts, expected)


def told(texts: list[str], decided: dict[int, str | None]) -> list[tuple[str, str | None]]:
    return [(text, decided[number]) for number, text in enumerate(texts)]


_Numbered = list[tuple[int, str]]
_Done = subprocess.CompletedProcess[str]


def until_nothing_new(
    run: Callable[[_Numbered], _Done], texts: list[str], lines: int, before: int = 0
) -> tuple[_Done, dict[int, str]]:
    """Run without what was refused until nothing is: the client tells of one kind of error at a time.

    Returns the last run, and the title of each refusal. `before` lines stand before the blocks of so many lines each.
    """
    refused: dict[int, str] = {}
    while True:
        kept = [(number, text) for number, text in enumerate(texts) if number not in refused]
        done = run(kept)
        errors = re.findall(r"Error: ([^\n]+)\n\n  on main\.tf line (\d+)", done.stderr)
        refused |= {kept[(int(line) - 1 - before) // lines][0]: title for title, line in errors}
        if not errors:
            return done, refused


def modules(kept: _Numbered) -> str:
    """Four lines each."""
    block = 'module "m{}" {{\n  source  = "{}/a/b/c"\n  version = {}\n}}\n'
    return "".join(block.format(number, HOST, json.dumps(text)) for number, text in kept)


def providers(kept: _Numbered) -> str:
    """One line each, after two."""
    lines = [f'    p{number} = {{ source = "a/p{number}", version = {json.dumps(text)} }}' for number, text in kept]
    return "\n".join(["terraform {", "  required_providers {", *lines, "  }", "}", ""])


class Client:
    """A folder in which terraform runs, with nothing of this machine's configuration."""

    def __init__(self, folder: Path, host: str, mirror: Path | None = None) -> None:
        self.folder = folder / "work"
        self.folder.mkdir(exist_ok=True)
        installation = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        configuration = f'disable_checkpoint = true\nhost "{HOST}" {{\n  {host}\n}}\n'
        (self.folder / "terraform.rc").write_text(configuration + (installation if mirror else ""))

    def run(self, command: str, main: str, *options: str) -> _Done:
        (self.folder / "main.tf").write_text(main)
        shutil.rmtree(self.folder / ".terraform", ignore_errors=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
        }
        return subprocess.run(
            ["terraform", command, *(options or ("-no-color",))],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def installed(self) -> dict[int, str]:
        manifest = json.loads((self.folder / ".terraform/modules/modules.json").read_text())
        return {int(module["Key"][1:]): module["Version"] for module in manifest["Modules"] if module["Key"]}


def _mirror(folder: Path, listed: tuple[str, ...], texts: list[str]) -> Path:
    """Providers that can be chosen, and then not installed: their archives are empty."""
    platform = json.loads(
        subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=True).stdout
    )["platform"]
    for number in range(len(texts)):
        home = folder / "registry.terraform.io" / "a" / f"p{number}"
        home.mkdir(parents=True)
        for version in listed:
            (home / f"terraform-provider-p{number}_{version}_{platform}.zip").touch()
    return folder


@contextmanager
def registry(listed: tuple[str, ...]) -> Iterator[int]:
    """A stub that lists these versions of every module and gives each the same bytes."""
    found = {"modules": [{"versions": [{"version": one} for one in listed]}]}
    archive = pack([Entry("main.tf", b"# nothing\n")])
    answers: dict[str, Callable[[], tuple[int, dict[str, str], bytes]]] = {
        "versions": lambda: (200, {"Content-Type": "application/json"}, json.dumps(found).encode()),
        "download": lambda: (204, {"X-Terraform-Get": "/it.tar.gz"}, b""),
        "it.tar.gz": lambda: (200, {}, archive),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            status, headers, data = answers[self.path.rsplit("/", 1)[-1]]()
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
