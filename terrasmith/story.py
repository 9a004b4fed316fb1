"""The story: from `/generate` on an issue to `terraform init`, acted by a visitor and told step by step.

Every step asserts what it tells. Nothing here reaches inside Terrasmith: REST, git and Terraform only.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from terrasmith.up import Addresses
from terrasmith.visitor import GitHubVisitor, StoryError, Terraform, installed_version, until

_BLOCK = re.compile(r"```(?:hcl|terraform)\n(module \".*?)\n```", re.DOTALL)
_APP = "terrasmith"


class Teller(Protocol):
    """Shows the story: a step has a title, may get notes, and ends well or with an error."""

    def begin(self, title: str) -> None: ...

    def note(self, text: str) -> None: ...

    def end(self, seconds: float, error: str | None) -> None: ...


@dataclass
class Story:
    """One telling of the story. `play()` runs it from the first comment to the second version."""

    addresses: Addresses
    terraform: Terraform
    folder: Path
    teller: Teller
    prompt: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = self.addresses
        self.writer = GitHubVisitor(found.github_url, found.writer.token)
        self.reviewer = GitHubVisitor(found.github_url, found.reviewer.token)
        self.home = f"/repos/{found.repository}"

    def close(self) -> None:
        """Hang up."""
        self.writer.close()
        self.reviewer.close()

    def play(self, *, second_version: bool = True) -> None:
        """Everything, in order."""
        self.ask()
        self.watch_it_being_written()
        self.read_the_check()
        self.review_and_merge()
        self.consume()
        if second_version:
            self.change_and_consume_again()

    def ask(self) -> None:
        with self._step(f"{self.addresses.writer.login} opens an issue and comments /generate {_short(self.prompt)}"):
            issue = self.writer.post(
                f"{self.home}/issues", {"title": f"We need {_short(self.prompt)}", "body": "See below."}
            )
            path = f"{self.home}/issues/{issue['number']}/comments"
            comment = self.writer.post(path, {"body": f"/generate {self.prompt}"})
            self.facts |= {"issue": issue["number"], "comment": comment["id"]}
            self.teller.note(issue["html_url"])
        with self._step("Terrasmith shows that it saw the command"):
            reactions = f"{self.home}/issues/comments/{self.facts['comment']}/reactions"
            until(
                lambda: _first(self.writer.get(reactions), lambda one: one["content"] == "eyes"),
                30,
                "eyes on the comment",
            )

    def watch_it_being_written(self) -> None:
        with self._step("It writes the module, proves it, and opens a pull request"):
            self.facts["pull"] = until(self._pull, 300, "the pull request")
            self.teller.note(self.facts["pull"]["html_url"])
        with self._step("The module is in git"):
            checkout = self.folder / "module"
            repository = self.facts["repository"]
            head = self.facts["pull"]["head"]["ref"]
            self.writer.git(
                "clone", "--quiet", "--branch", head, repository["clone_url"], str(checkout),
                cwd=self.folder, remote=repository["clone_url"],
            )  # fmt: skip
            files = sorted(str(path.relative_to(checkout)) for path in checkout.rglob("*.tf"))
            if "main.tf" not in files:
                raise StoryError(f"The clone holds no main.tf, only {files}.")
            self.teller.note(", ".join(files))

    def read_the_check(self) -> None:
        with self._step("Its check turns green, and the pull request becomes ready for review"):
            self._wait_for_green(self.facts["pull"])

    def review_and_merge(self) -> None:
        number = self.facts["pull"]["number"]
        with self._step(f"{self.addresses.reviewer.login} approves and merges"):
            self.reviewer.post(f"{self._module}/pulls/{number}/reviews", {"event": "APPROVE", "body": "Good."})
            self.reviewer.put(f"{self._module}/pulls/{number}/merge", {"sha": self.facts["pull"]["head"]["sha"]})
        with self._step(
            "A tag and a release appear, the version is published, and the pull request says how to use it"
        ):
            self._wait_for_version("0.1.0", number)
        with self._step("The issue is closed"):
            issue = f"{self.home}/issues/{self.facts['issue']}"
            until(lambda: True if self.writer.get(issue)["state"] == "closed" else None, 60, "the issue to be closed")

    def consume(self) -> None:
        root = self.folder / "consumer"
        with self._step(f"In an empty folder: {self.terraform.name} init"):
            self._write_root(root, self.facts["block"])
            self._run(root, "init")
            self._expect_version(root, "0.1.0")
        with self._step(f"{self.terraform.name} validate"):
            self._run(root, "validate")
        if self.facts["system"] == "terraform":
            with self._step(f"{self.terraform.name} apply"):
                self._run(root, "apply", "-auto-approve")
        with self._step("Once more over HTTPS, with a private authority and no host block"):
            self._consume_over_https()

    def change_and_consume_again(self) -> None:
        with self._step(f"{self.addresses.writer.login} pushes a change and opens a second pull request"):
            pull = self._second_pull()
            self.teller.note(pull["html_url"])
        with self._step("Its check turns green too, and it is merged"):
            self._wait_for_green(pull)
            self.reviewer.put(f"{self._module}/pulls/{pull['number']}/merge", {})
        with self._step("0.2.0 is published"):
            self._wait_for_version("0.2.0", pull["number"])
        with self._step(f"{self.terraform.name} init -upgrade: ~> 0.1 picks it"):
            root = self.folder / "consumer"
            self._run(root, "init", "-upgrade")
            self._expect_version(root, "0.2.0")

    @property
    def _module(self) -> str:
        return f"/repos/{self.facts['repository']['full_name']}"

    def _pull(self) -> dict[str, Any] | None:
        """The pull request of our request, found as a visitor finds it: by the link in the living comment."""
        comments = self.writer.get(f"{self.home}/issues/{self.facts['issue']}/comments", per_page=100)
        living = [one["body"] for one in comments if one["user"]["type"] == "Bot"]
        for body in living:
            link = re.search(r"/([\w.-]+/[\w.-]+)/pull/(\d+)", body)
            if link:
                self.facts["repository"] = self.writer.get(f"/repos/{link[1]}")
                self.facts["system"] = link[1].split("/")[1].split("-")[1]
                found: dict[str, Any] = self.writer.get(f"/repos/{link[1]}/pulls/{link[2]}")
                return found
            if "❌" in body or "✋" in body:
                raise StoryError(f"Terrasmith answered:\n\n{body}")
        return None

    def _wait_for_green(self, pull: dict[str, Any]) -> None:
        path = f"{self._module}/pulls/{pull['number']}"

        def look() -> bool | None:
            runs = self.writer.get(f"{self._module}/commits/{pull['head']['sha']}/check-runs")["check_runs"]
            ours = _first(runs, lambda run: run["app"]["slug"] == _APP and run["status"] == "completed")
            if ours is None:
                return None
            if ours["conclusion"] != "success":
                raise StoryError(f"The check concluded {ours['conclusion']}: {ours['output']['summary']}")
            return True if not self.writer.get(path)["draft"] else None

        until(look, 300, "a green check and a pull request that is ready")

    def _wait_for_version(self, version: str, number: int) -> None:
        tag = f"v{version}"
        until(lambda: self.writer.find(f"{self._module}/git/ref/tags/{tag}"), 60, f"the tag {tag}")
        release = until(lambda: self.writer.find(f"{self._module}/releases/tags/{tag}"), 60, f"the release {tag}")
        self.teller.note(release["html_url"])

        def block() -> str | None:
            comments = self.writer.get(f"{self._module}/issues/{number}/comments", per_page=100)
            found = [match[1] for one in comments if (match := _BLOCK.search(one["body"]))]
            return found[-1] if found else None

        self.facts["block"] = until(block, 300, f"the comment with the module block of {version}")

    def _write_root(self, root: Path, block: str) -> None:
        root.mkdir(parents=True)
        (root / "main.tf").write_text(block + "\n", encoding="utf-8")
        match = re.search(r'module "([^"]+)"', block)
        if match is None or self.addresses.registry_host not in block:
            raise StoryError(f"This is no module block of our registry:\n{block}")
        self.facts["module"] = match[1]

    def _run(self, root: Path, *arguments: str) -> None:
        self.terraform.run(root, arguments[0], "-no-color", *arguments[1:], config=Path(self.addresses.cli_config))

    def _expect_version(self, root: Path, version: str) -> None:
        found = installed_version(root, self.facts["module"])
        if found != version:
            raise StoryError(f"Terraform installed {found}, not {version}.")
        self.teller.note(f"{self.facts['module']} {found}, checksum verified by Terraform itself")

    def _consume_over_https(self) -> None:
        root = self.folder / "consumer-https"
        root.mkdir()
        block = self.facts["block"].replace(self.addresses.registry_host, self.addresses.https_host)
        (root / "main.tf").write_text(block + "\n", encoding="utf-8")
        config = self.folder / "https.rc"
        text = Path(self.addresses.cli_config).read_text(encoding="utf-8")
        config.write_text(re.sub(r'^host "[^}]*}\n}\n', "", text, flags=re.MULTILINE), encoding="utf-8")
        authority = {"SSL_CERT_FILE": self.addresses.ca_file}
        self.terraform.run(root, "init", "-no-color", config=config, extra=authority)
        self._expect_version(root, "0.1.0")

    def _second_pull(self) -> dict[str, Any]:
        checkout, url = self.folder / "module", self.facts["repository"]["clone_url"]
        git = self.writer.git
        git("fetch", "--quiet", "origin", "main", cwd=checkout, remote=url)
        git("checkout", "--quiet", "-B", "describe-module", "origin/main", cwd=checkout)
        outputs = checkout / "outputs.tf"
        address = self.facts["repository"]["full_name"].replace("/terraform-", "/")
        outputs.write_text(
            outputs.read_text(encoding="utf-8")
            + '\noutput "source_repository" {\n  description = "Where this module comes from, for inventories."\n'
            + f'  value       = "{address}"\n}}\n',
            encoding="utf-8",
        )
        login = self.addresses.writer.login
        identity = ("-c", f"user.name={login}", "-c", f"user.email={login}@users.noreply.example.test")
        git(*identity, "commit", "--quiet", "--all", "--message", "Add an output for inventories", cwd=checkout)
        git("push", "--quiet", "origin", "describe-module", cwd=checkout, remote=url)
        body = {"title": "Add an output for inventories", "head": "describe-module", "base": "main", "body": "Wanted."}
        found: dict[str, Any] = self.writer.post(f"{self._module}/pulls", body)
        return found

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        self.teller.begin(title)
        try:
            yield
        except BaseException as error:
            self.teller.end(time.monotonic() - started, str(error) or type(error).__name__)
            raise
        self.teller.end(time.monotonic() - started, None)


def _first(items: list[dict[str, Any]], wanted: Any) -> dict[str, Any] | None:
    return next((item for item in items if wanted(item)), None)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
