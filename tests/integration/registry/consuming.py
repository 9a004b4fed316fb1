"""A real `terraform` in a folder of its own, for tests that look at what it makes of our answers."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Terraform:
    """One empty folder with its own CLI configuration."""

    folder: Path
    config: Path
    certificate: Path | None = None

    def get(self, source: str, version: str, *command: str) -> subprocess.CompletedProcess[str]:
        """`terraform get` (or another command) with one module block."""
        block = f'module "it" {{\n  source  = "{source}"\n  version = "{version}"\n}}\n'
        (self.folder / "main.tf").write_text(block)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TF_CLI_CONFIG_FILE": str(self.config)}
        if self.certificate:
            environment["SSL_CERT_FILE"] = str(self.certificate)
        arguments = ["terraform", *(command or ("get", "-update")), "-no-color"]
        return subprocess.run(
            arguments, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def installed(self) -> tuple[str, str]:
        """The version that was installed, and the content of its one file."""
        manifest = json.loads((self.folder / ".terraform/modules/modules.json").read_text())
        module = next(one for one in manifest["Modules"] if one["Key"] == "it")
        return module["Version"], (self.folder / module["Dir"] / "main.tf").read_text()
