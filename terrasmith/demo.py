"""`terrasmith up` and `terrasmith demo`: the whole system on this machine, silent or with the story told."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from core.errors import UserError
from gate.mirror import find_mirror
from generator import catalogue, matching
from terrasmith import up as machine
from terrasmith.sandbox import at_start
from terrasmith.story import Story
from terrasmith.visitor import Terraform, find_terraform

_PROMPT = "an S3 bucket with versioning and encryption"
_BUILTIN_PROMPT = "a label module for consistent names and tags"
_DOWNLOAD_SECONDS = 180
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept. It is created if need be.")]


def up(
    data_dir: DataDir = None,
    simulate: Annotated[
        bool, typer.Option(help="Also start a simulated GitHub, and work with that one alone.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="With --simulate: print one line of JSON with every address when all is ready."),
    ] = False,
) -> None:
    """Start everything on this machine, with embedded defaults, until Ctrl-C or SIGTERM."""
    if as_json and not simulate:
        raise typer.BadParameter("--json tells the addresses of the simulated world: use it with --simulate.")
    given = dict(os.environ)
    directory = data_dir or Path(given.get("TERRASMITH_DATA_DIR", "data"))
    raise typer.Exit(machine.run(directory, simulate=simulate, as_json=as_json, given=given))


def demo(
    once: Annotated[
        bool, typer.Option(help="End after the story. Always so when standard output is no terminal.")
    ] = False,
    prompt: Annotated[str, typer.Option(help="What to ask for.")] = _PROMPT,
    claude: Annotated[bool, typer.Option(help="Let Claude write, with the API key found in the environment.")] = False,
    offline: Annotated[bool, typer.Option(help="Never ask the network for a provider.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Tell the whole story: a comment becomes a module, a merge a version, and terraform init installs it."""
    console = Console()
    stays = console.is_terminal and not once
    directory = data_dir or Path(tempfile.mkdtemp(prefix="terrasmith-demo-"))
    try:
        failed = _play(console, directory, prompt, _environment(claude=claude), offline=offline, stays=stays)
    finally:
        if data_dir is None:
            shutil.rmtree(directory, ignore_errors=True)
    raise typer.Exit(1 if failed else 0)


class _Terminal:
    """Tells the story with ticks, elapsed seconds and links."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._notes: list[str] = []

    def begin(self, title: str) -> None:
        self._title, self._notes = title, []
        if self._console.is_terminal:
            self._console.print(f"  [dim]…[/] {escape(title)}", end="\r", highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        self._notes.append(text)

    def end(self, seconds: float, error: str | None) -> None:
        mark = "[red]✗[/]" if error else "[green]✓[/]"
        self._console.print(f"  {mark} {escape(self._title)} [dim]{seconds:.1f} s[/]", highlight=False, soft_wrap=True)
        for note in self._notes:
            self._console.print(f"      [blue]{escape(note)}[/]", highlight=False, soft_wrap=True)
        if error:
            self._console.print(f"\n[red]{escape(error)}[/]", highlight=False, soft_wrap=True)


def _play(console: Console, directory: Path, prompt: str, given: dict[str, str], *, offline: bool, stays: bool) -> bool:
    terraform = find_terraform(given.get("TERRASMITH_TERRAFORM"))
    prompt = _affordable(console, prompt, given, directory, terraform, offline=offline)
    whole = machine.Machine(directory, simulate=True, given=given, tell=machine.say)
    wish = machine.StopWish(whole.supervisor.interrupt)
    console.print("[bold]Starting[/] database, queue, simulated GitHub, registry and workers …", highlight=False)
    console.print(f"{escape(at_start())}\n", highlight=False, soft_wrap=True)
    try:
        whole.start()
        found = whole.addresses()
        with wish.interrupting():
            failed = _tell(console, found, terraform, directory, prompt)
        if stays:
            _invite(console, found)
            wish.wait()
    except (InterruptedError, machine.StoppedError):
        console.print("\nStopped.", highlight=False)
        failed = True
    finally:
        whole.stop()
    return failed


def _tell(console: Console, found: machine.Addresses, terraform: Terraform, directory: Path, prompt: str) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="story-", dir=directory))
    story = Story(found, terraform, folder, _Terminal(console), prompt)
    try:
        story.play()
    except UserError:
        # The teller has said what and why.
        console.print(f"\nThe logs are in {directory / 'logs'}.", highlight=False, soft_wrap=True)
        return True
    finally:
        story.close()
    console.print("\n[bold green]The whole road works.[/]", highlight=False)
    return False


def _environment(*, claude: bool) -> dict[str, str]:
    given = dict(os.environ)
    # The demo's own world: a database or an app that the shell happens to name is not for playing with.
    for name in ("DATABASE_URL", "REDIS_URL", "TERRASMITH_BASE_URL", "TERRASMITH_DATA_DIR", "TERRASMITH_SECRET_KEY"):
        given.pop(name, None)
    key = given.pop("TERRASMITH_ANTHROPIC_API_KEY", None) or given.get("ANTHROPIC_API_KEY")
    if claude:
        if not key:
            raise UserError("--claude needs a key: set TERRASMITH_ANTHROPIC_API_KEY or ANTHROPIC_API_KEY.")
        given["TERRASMITH_ANTHROPIC_API_KEY"] = key
    return given


def _affordable(
    console: Console, prompt: str, given: dict[str, str], directory: Path, terraform: Terraform, *, offline: bool
) -> str:
    """The prompt if its provider is to be had here; otherwise the one that needs none, and a word about it."""
    match = matching.find(prompt, catalogue.built_in())
    sources = [provider["source"] for provider in match.template.providers.values()] if match else []
    mirror = find_mirror(given.get("TERRASMITH_PROVIDER_MIRROR"))
    missing = [source for source in sources if mirror is None or not any(Path(mirror).glob(f"*/{source}"))]
    if not missing:
        return prompt
    source = missing[0]
    folder = directory / "providers"
    if not offline and _download(console, terraform, source, folder):
        given["TERRASMITH_PROVIDER_MIRROR"] = str(folder)
        return prompt
    console.print(
        f"[yellow]Neither a provider mirror nor the network has {escape(source)} here[/], so the story is told with "
        "the template that needs only Terraform's built-in provider.\n",
        highlight=False,
    )
    return _BUILTIN_PROMPT


def _download(console: Console, terraform: Terraform, source: str, folder: Path) -> bool:
    """Ask Terraform itself for the provider, once. False when the network does not have it."""
    console.print(
        f"No provider mirror holds {escape(source)}: asking the network (--offline skips this) …", highlight=False
    )
    work = folder.parent / "providers-wanted"
    work.mkdir(parents=True, exist_ok=True)
    wanted = {"terraform": {"required_providers": {"wanted": {"source": source, "version": "< 7.0"}}}}
    (work / "main.tf.json").write_text(json.dumps(wanted), encoding="utf-8")
    config = work / "terraform.rc"
    config.write_text("disable_checkpoint = true\n", encoding="utf-8")
    try:
        code, _ = terraform.attempt(work, "providers", "mirror", str(folder), config=config, seconds=_DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return code == 0


def _invite(console: Console, found: machine.Addresses) -> None:
    console.print("\nEverything stays up for you:", highlight=False)
    console.print(f"  GitHub (simulated)  {found.github_web_url}/{found.repository}", highlight=False, soft_wrap=True)
    console.print(f"  registry            {found.registry_url}", highlight=False, soft_wrap=True)
    console.print(
        f"  terraform           export TF_CLI_CONFIG_FILE={found.cli_config}", highlight=False, soft_wrap=True
    )
    console.print("Comment `/generate …` on an issue there. Ctrl-C ends it.", highlight=False)
