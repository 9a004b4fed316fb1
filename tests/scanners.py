"""For tests of scanning: a module with a bit of everything, what Checkov 3.3.30 really answered about it, and a stub.

tests/integration/gate/scanning/test_real_checkov.py asks the real one again and holds it to the recording.
"""

import json
import sys
from pathlib import Path
from typing import Any

_MAIN = """\
resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logs are kept by the trail
  bucket = var.name
}

resource "aws_security_group" "open" {
  # checkov:skip=CKV_AWS_23
  vpc_id = var.vpc_id

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "terraform_data" "quiet" {
  input = var.name
}

module "database" {
  source = "./modules/database"
}
"""
_DATABASE = """\
resource "aws_db_instance" "this" {
  instance_class      = "db.t4g.micro"
  publicly_accessible = true
  storage_encrypted   = false
}
"""
_EXAMPLE = """\
module "this" {
  source = "../../"
  name   = "example"
}

resource "aws_sns_topic" "beside" {
  name = "beside"
}
"""

INSECURE = {
    "README.md": b"# Insecure\n",
    "main.tf": _MAIN.encode(),
    "variables.tf": b'variable "name" {\n  type = string\n}\n\nvariable "vpc_id" {\n  type = string\n}\n',
    "modules/database/main.tf": _DATABASE.encode(),
    "examples/basic/main.tf": _EXAMPLE.encode(),
}


def recorded() -> dict[str, Any]:
    """What Checkov answered about INSECURE."""
    path = Path(__file__).parent / "unit" / "gate" / "scanning" / "insecure.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


_STUB = """
import json, os, time
from types import SimpleNamespace


class Runner:
    def run(self, root_folder, runner_filter):
        text = open(os.path.join(root_folder, "main.tf"), encoding="utf-8").read()
        for line in text.splitlines():
            if line.startswith("#sleep "):
                time.sleep(float(line.split()[1]))
            if line == "#raise":
                raise RecursionError("too deep")
            if line == "#die":
                os.kill(os.getpid(), 9)
            if line == "#environment":
                raise type(",".join(sorted(os.environ)), (Exception,), {})
        names = [line.split('"')[1::2] for line in text.splitlines() if line.startswith("resource")]
        records = [
            SimpleNamespace(
                check_id="CKV_AWS_21", check_name="Stub", resource=".".join(name), file_line_range=[1, 1],
                file_abs_path=os.path.join(root_folder, "main.tf"), check_result={"pid": os.getpid()},
            )
            for name in names
        ]
        return SimpleNamespace(
            failed_checks=records, passed_checks=[], skipped_checks=[], parsing_errors=[],
            resources=[f"{root_folder}/main.tf:" + ".".join(name) for name in names],
        )
"""


def stub_environment(root: Path) -> Path:
    """The Python of an environment like Checkov's, in which a few lines stand for Checkov: it starts at once.

    Our own process in it is the real one. The stub does what lines of `main.tf` say: `#sleep 1`, `#raise`, `#die`.
    """
    real = Path(sys.executable).resolve()
    packages = root / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages" / "checkov"
    (packages / "terraform").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin" / "python").symlink_to(real)
    (root / "pyvenv.cfg").write_text(f"home = {real.parent}\n", encoding="utf-8")
    (packages / "__init__.py").touch()
    (packages / "terraform" / "__init__.py").touch()
    (packages / "version.py").write_text('version = "0.stub"\n', encoding="utf-8")
    filter_text = "class RunnerFilter:\n    def __init__(self, **_):\n        pass\n"
    (packages / "runner_filter.py").write_text(filter_text, encoding="utf-8")
    (packages / "terraform" / "runner.py").write_text(_STUB, encoding="utf-8")
    return root / "bin" / "python"
