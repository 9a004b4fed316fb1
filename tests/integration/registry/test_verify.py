"""`terrasmith verify` against a served registry and real repositories: what it believes, finds and runs."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner, Result

from gate.file_types import belongs
from registry.services import publishing
from registry.services.provenance import Origin
from terrasmith.main import app
from tfmodule.archive import Entry, h1, pack
from workers.origins import tools

ADDRESS = "acme/bucket/aws"
FILES = {
    "main.tf": 'output "x" {\n  value = "$Format:%H$"\n}\n',
    "README.md": "# Größe\n",
    "modules/a/main.tf": "# inner\n",
    "run.sh": "#!/bin/sh\n",
    ".github/workflows/x.yml": "on: push\n",
}


class Repository:
    """A git repository of a person, with their own ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")

    def git(self, *arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text, encoding="utf-8", newline="")
        if "run.sh" in files:
            (self.folder / "run.sh").chmod(0o755)
        self.git("add", "-A")
        self.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "Change")
        return self.git("rev-parse", "HEAD")

    def entries(self, files: dict[str, str]) -> list[Entry]:
        return [Entry(path, text.encode(), path == "run.sh") for path, text in files.items() if belongs(path)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def port(sqlite_registry, serving) -> Iterator[int]:
    sqlite_registry.namespace("acme")
    with serving(sqlite_registry.app) as number:
        yield number


def published(
    registry, entries: list[Entry], commit: str, version: str = "1.0.0", tree: str | None = None, path: str = ""
) -> None:
    prepared = publishing.prepare(entries)
    publishing.store(registry.storage, prepared)
    registry.publish(
        ADDRESS, version, commit_sha=commit, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size, path=path,
        origin=Origin(tree=tree, tools=tools()),
    )  # fmt: skip


def verify(port: int, *options: str, version: str = "1.0.0", address: str = ADDRESS) -> Result:
    url = [] if "--url" in options else ["--url", f"http://127.0.0.1:{port}"]
    return CliRunner().invoke(app, ["verify", address, version, *url, *options])


@pytest.mark.checklist("P-05")
def test_P05_a_version_is_rebuilt_from_a_clone_to_the_same_bytes(sqlite_registry, port, repository) -> None:
    commit = repository.commit(FILES)
    published(sqlite_registry, repository.entries(FILES), commit, tree=repository.git("rev-parse", "HEAD^{tree}"))
    repository.commit({"main.tf": "# the branch has moved on\n"})
    done = verify(port, "--clone", str(repository.folder))
    assert done.exit_code == 0, done.output
    assert "rebuilt from the commit: the same bytes" in done.stdout and "verified" in done.stdout
    assert h1(repository.entries(FILES)) in done.stdout
    # A bare clone, a worktree and a folder below do as well.
    bare, tree = repository.folder.parent / "bare.git", repository.folder.parent / "tree"
    repository.git("clone", "--quiet", "--bare", ".", str(bare))
    repository.git("worktree", "add", "--quiet", str(tree), "HEAD")
    for clone in (bare, tree):
        assert verify(port, "--clone", str(clone)).exit_code == 0


@pytest.mark.checklist("P-05")
def test_P05_a_module_of_a_monorepo_is_rebuilt_from_its_folder(sqlite_registry, port, repository) -> None:
    elsewhere = {"README.md": "# All\n", "infra/net2/main.tf": "# no\n", "state.tfstate": "{}"}
    files = {path: text for path, text in FILES.items() if path != "run.sh"}
    repository.commit(elsewhere | {f"infra/net/{path}": text for path, text in files.items()})
    (repository.folder / "link").symlink_to("/etc")
    commit = repository.commit({"more.txt": "x"})
    entries = repository.entries(files)
    published(sqlite_registry, entries, commit, path="infra/net")
    done = verify(port, "--clone", str(repository.folder))
    assert done.exit_code == 0, done.output
    assert "rebuilt from the commit: the same bytes" in done.stdout
    gone = repository.commit({"infra/net/main.tf": "# other\n"})
    with_other = [replace(one, data=b"# else\n") if one.path == "main.tf" else one for one in entries]
    published(sqlite_registry, with_other, gone, "1.1.0", path="infra/net")
    done = verify(port, "--clone", str(repository.folder), version="1.1.0")
    assert done.exit_code == 1 and "main.tf has other content in the commit" in done.stdout


def test_without_a_repository_the_archive_alone_is_checked(sqlite_registry, port, repository) -> None:
    published(sqlite_registry, repository.entries(FILES), "c" * 40)
    done = verify(port)
    assert done.exit_code == 0 and "not rebuilt: say --clone DIR or --git URL" in done.stdout


def test_an_upload_without_a_commit_is_not_rebuildable(sqlite_registry, port, repository) -> None:
    published(sqlite_registry, repository.entries(FILES), "")
    done = verify(port)
    assert done.exit_code == 0 and "not rebuildable" in done.stdout
    assert verify(port, "--clone", str(repository.folder)).exit_code == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"main.tf": "# other\n"}, "main.tf has other content in the commit"),
        ({"extra.tf": "# more\n"}, "extra.tf is in the archive, but not in the commit"),
        ({"README.md": None}, "README.md is in the commit, but not in the archive"),
        ({"run.sh": "#!/bin/sh\n"}, "run.sh is executable in only one of them"),
    ],
)
def test_a_version_that_is_not_the_commit_is_told_by_its_files(sqlite_registry, port, repository, change, said) -> None:
    commit = repository.commit(FILES)
    forged = {path: text for path, text in (FILES | change).items() if text is not None}
    entries = [replace(one, executable=one.executable and one.path not in change) for one in repository.entries(forged)]
    published(sqlite_registry, entries, commit)
    done = verify(port, "--clone", str(repository.folder))
    assert done.exit_code == 1, done.output
    assert done.stdout.count("differs:") == 1 and said in done.stdout


def test_what_cannot_be_told_is_exit_2_with_the_reason(sqlite_registry, port, repository, tmp_path) -> None:
    published(sqlite_registry, repository.entries(FILES), "d" * 40)
    repository.commit(FILES)
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, said in (
        (["--clone", str(repository.folder)], "is not there"),
        (["--clone", str(empty)], "no clone"),
        (["--clone", str(empty), "--git", "https://x.example/y"], "not both"),
        (["--url", "http://127.0.0.1:1"], "did not answer"),
        (["--url", "ftp://x"], "no address of a registry"),
        (["--git", "file:///etc"], "is refused"),
        (["--git", "--upload-pack=touch /tmp/x"], "is refused"),
        (["--git", "ext::sh -c touch% /tmp/x"], "is refused"),
        (["--git", "http://example.com/x"], "is refused"),
        (["--git", "https://-oProxyCommand=x/y"], "is refused"),
        (["--git", "-oProxyCommand=touch@host:x"], "is refused"),
    ):
        done = verify(port, *options)
        assert done.exit_code == 2 and said in done.stderr, (options, done.output)
    assert verify(port, version="9.9.9").exit_code == 2
    assert "Version not found" in verify(port, version="9.9.9").stderr
    assert verify(port, version="one").exit_code == 2
    assert verify(port, address="acme/bucket").exit_code == 2


def test_a_private_module_needs_a_token(sqlite_registry, serving, repository) -> None:
    sqlite_registry.namespace("acme", "private")
    published(sqlite_registry, repository.entries(FILES), "c" * 40)
    with serving(sqlite_registry.app) as port:
        assert verify(port).exit_code == 2
        assert verify(port, "--token", sqlite_registry.token("acme")).exit_code == 0


@pytest.mark.checklist("F-18", "P-01")
def test_flipped_bytes_are_found(sqlite_registry, port, repository) -> None:
    published(sqlite_registry, repository.entries(FILES), "c" * 40)
    sha256 = publishing.prepare(repository.entries(FILES)).sha256
    path = sqlite_registry.archive_path(sha256)
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    done = verify(port)
    assert done.exit_code == 1 and "the download promised" in done.stdout


class Liar:
    """A registry that says whatever a test wants."""

    def __init__(self, archive: bytes, provenance: dict[str, Any], checksum: str | None) -> None:
        self.seen: list[tuple[str, str | None]] = []
        self.discovery: dict[str, Any] = {"modules.v1": "/m/"}
        self.archive = archive
        module = f"/m/{ADDRESS}/1.0.0"
        query = f"?archive=tar.gz&checksum=sha256:{checksum}" if checksum else "?archive=tar.gz"
        answers: dict[str, Callable[[], Response]] = {
            "/.well-known/terraform.json": lambda: JSONResponse(self.discovery),
            f"{module}/provenance": lambda: JSONResponse(provenance),
            f"{module}/download": lambda: JSONResponse({"location": f"/elsewhere{query}"}),
            "/elsewhere": lambda: RedirectResponse("/archive"),
            "/archive": lambda: Response(self.archive, media_type="application/gzip"),
        }
        self.app = Starlette(routes=[Route(path, self._answering(answer)) for path, answer in answers.items()])

    def _answering(self, answer: Callable[[], Response]) -> Any:
        def endpoint(request: Any) -> Response:
            self.seen.append((request.url.path, request.headers.get("authorization")))
            return answer()

        return endpoint


def told(data: bytes, entries: list[Entry], **changes: Any) -> dict[str, Any]:
    prepared = publishing.prepare(entries)
    facts = {"sha256": prepared.sha256, "h1": prepared.h1, "size": len(data)}
    return {"module": ADDRESS, "version": "1.0.0", "archive": facts, "source": {"commit": None}} | changes


def test_a_lying_registry_is_found_out_and_gets_no_token_beyond_its_own_host(serving, repository) -> None:
    entries = repository.entries(FILES)
    good = pack(entries)
    sha256 = publishing.prepare(entries).sha256
    honest = told(good, entries)
    lies: list[tuple[bytes, Any, str | None, str]] = [
        (good, honest, None, "names no checksum"),
        (good, honest, "0" * 64, "the download promised"),
        (good, told(good, entries, archive={}), sha256, "the provenance says None"),
        (good, told(good, entries[:1]), sha256, "the files' hash is"),
        (good, told(good, entries, version="2.0.0"), sha256, "the provenance is that of"),
        (good, {}, sha256, "the provenance says"),
        (b"not an archive", honest, sha256, "not a .tar.gz"),
        (good + b"x", honest, sha256, "after its gzip data"),
    ]
    for archive, provenance, checksum, said in lies:
        liar = Liar(archive, provenance, checksum)
        with serving(liar.app) as port:
            done = verify(port, "--token", "tsm_secret")
        assert done.exit_code == 1 and said in done.stdout, (said, done.output)
        bearers = dict(liar.seen)
        assert bearers["/archive"] is None and bearers["/elsewhere"] is None
    with serving(Liar(good, honest, sha256).app) as port:
        assert verify(port).exit_code == 0
    elsewhere = Liar(good, honest, sha256)
    elsewhere.discovery = {"modules.v1": "https://other.example/m/"}
    with serving(elsewhere.app) as port:
        done = verify(port, "--token", "tsm_secret")
    assert done.exit_code == 2 and "another host" in done.stderr


@pytest.mark.checklist("T-23")
def test_T23_a_hostile_repository_runs_nothing_on_the_verifiers_machine(
    sqlite_registry, port, repository, tmp_path, monkeypatch
) -> None:
    """Hooks, filters, attributes, submodules, a config and a global one that all leave a marker when obeyed."""
    marker = tmp_path / "marker"
    touch = f"touch {marker}"
    hostile = FILES | {
        ".gitattributes": "*.tf filter=evil diff=evil\nmain.tf export-subst\n",
        ".gitmodules": f'[submodule "x"]\n  path = x\n  url = ext::sh -c {touch}\n',
        "big.md": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    }
    commit = repository.commit(hostile)
    for key, value in (
        ("filter.evil.smudge", touch), ("filter.evil.process", touch), ("filter.evil.required", "true"),
        ("tar.tar.command", touch), ("core.fsmonitor", touch), ("core.sshCommand", touch),
        ("core.attributesFile", str(tmp_path / "attributes")), ("uploadpack.packObjectsHook", touch),
        ("core.autocrlf", "true"), ("core.hooksPath", str(repository.folder / ".git/hooks")),
    ):  # fmt: skip
        repository.git("config", key, value)
    for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman", "post-index-change"):
        path = repository.folder / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{touch}\n")
        path.chmod(0o755)
    (tmp_path / "attributes").write_text("* filter=evil\n")
    (tmp_path / ".gitconfig").write_text(f'[filter "evil"]\n  smudge = {touch}\n[core]\n  autocrlf = true\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    # As GitHub's own archive has it: `export-subst` of the commit itself is carried out, there as here.
    entries = repository.entries(hostile | {"main.tf": FILES["main.tf"].replace("$Format:%H$", commit)})
    published(sqlite_registry, entries, commit)
    done = verify(port, "--clone", str(repository.folder))
    assert done.exit_code == 0, done.output
    assert not marker.exists()


@pytest.mark.checklist("T-23")
def test_T23_no_part_of_the_product_runs_git_but_what_a_person_starts() -> None:
    """Repositories of strangers come as tarballs over the API; git is run for the person at the keyboard only."""
    root = Path(__file__).parents[3]
    packages = ("accounts", "bot", "core", "gate", "generator", "registry", "tfmodule", "web", "workers", "terrasmith")
    runs = {
        str(path.relative_to(root))
        for package in packages
        for path in (root / package).rglob("*.py")
        if '"git"' in path.read_text(encoding="utf-8") and "subprocess" in path.read_text(encoding="utf-8")
    }
    # `verify` at its caller's word; the story's visitor in the demo, on the simulated GitHub.
    assert runs == {"terrasmith/rebuilding.py", "terrasmith/visitor.py"}


@pytest.mark.checklist("T-19", "P-06")
@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")
def test_T19_P06_a_real_terraform_unpacks_the_very_tree_that_was_judged(sqlite_registry, port, tmp_path) -> None:
    entries = [
        Entry("main.tf", b'output "x" {\n  value = 1\n}\n'),
        Entry("README.md", "# Größe\r\n".encode()),
        Entry("empty.md", b""),
        Entry("run.sh", b"#!/bin/sh\n", executable=True),
        Entry("modules/" + "é" * 45 + "/" + "n" * 70 + "/main.tf", b"# long\n"),
        Entry("picture.png", bytes(range(256)) * 100),
    ]
    published(sqlite_registry, entries, "c" * 40)
    host = f"127.0.0.1:{port}"
    (tmp_path / "terraform.rc").write_text(
        f'disable_checkpoint = true\nhost "{host}" {{\n  services = {{"modules.v1" = "http://{host}/v1/modules/"}}\n}}\n'
    )
    (tmp_path / "main.tf").write_text(f'module "it" {{\n  source  = "{host}/{ADDRESS}"\n  version = "1.0.0"\n}}\n')
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"),
    }  # fmt: skip
    done = subprocess.run(
        ["terraform", "init", "-no-color"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / ".terraform/modules/modules.json").read_text())
    folder = tmp_path / next(one["Dir"] for one in manifest["Modules"] if one["Key"] == "it")
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    assert not any(path.is_symlink() for path in files)
    found = [Entry(path.relative_to(folder).as_posix(), path.read_bytes(), os.access(path, os.X_OK)) for path in files]
    assert h1(found) == h1(entries)
