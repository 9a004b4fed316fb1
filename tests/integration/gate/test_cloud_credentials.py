"""Credentials of a cloud where programs look for them: in the environment, in `~/.aws`, at the metadata address.

A worker may well have them. Whatever looks for them from inside the sandbox finds none, and calls nobody.
"""

import errno
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gate.confinement import python_files
from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.mirror import REGISTRY_HOST, find_mirror, versions_in
from gate.process import Limits, run
from gate.workspace import open_workspace

sys.path.append(str(Path(__file__).parent / "hostile"))

from canary import Canary, canary

KEY = "AKIAIOSFODNN7CANARY0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def prey(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """A worker's machine: its user's home, its environment, and what listens in the cloud's place."""
    with canary(tmp_path / "prey") as found:
        (home / ".aws").mkdir(parents=True)
        text = f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {found.secret}\n"
        (home / ".aws" / "credentials").write_text(text)
        listener = f"http://127.0.0.1:{found.port}"
        for name, value in {
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": found.secret,
            "AWS_SESSION_TOKEN": found.secret,
            "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(found.folder / "secret"),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": listener,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": listener,
            "AWS_ENDPOINT_URL": listener,
        }.items():
            monkeypatch.setenv(name, value)
        yield found


THIEF = """
import errno, glob, json, os, pathlib, socket, sys
home, port = sys.argv[1], int(sys.argv[2])
def tried(act):
    try:
        return act()
    except OSError as error:
        return errno.errorcode[error.errno]
json.dump({
    "environment": [name for name in os.environ if "AWS" in name],
    "values": list(os.environ.values()),
    "file": [tried(pathlib.Path(path).read_text) for path in (home + "/.aws/credentials", "/root/.aws/credentials")],
    "found": glob.glob("/home/*/.aws/*") + glob.glob(home + "/.aws/*"),
    "metadata": [tried(lambda: bool(socket.create_connection(place, 2))) for place in (
        ("169.254.169.254", 80), ("169.254.170.2", 80), ("127.0.0.1", port))],
    "version 6": tried(lambda: bool(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))),
}, sys.stdout)
"""


@pytest.mark.checklist("P-08", "T-27", "T-28")
def test_a_program_that_looks_for_credentials_finds_none_and_calls_nobody(prey: Canary, home: Path) -> None:
    with open_workspace({"thief.py": THIEF.encode()}, None) as workspace:
        done = run(
            [sys.executable, "-I", "-S", "thief.py", str(home), str(prey.port)],
            environment=workspace.environment,
            directory=workspace.work,
            limits=Limits(),
            deadline=time.monotonic() + 30,
            confinement=workspace.confinement(readable=python_files()),
        )
    told = json.loads(done.stdout)
    assert told["environment"] == ["AWS_EC2_METADATA_DISABLED"]
    assert told["found"] == []
    assert set(told["file"]) <= {errno.errorcode[errno.EACCES], errno.errorcode[errno.ENOENT]}
    # Refused before a packet is made: not even the name of the address gets out.
    assert [*told["metadata"], told["version 6"]] == [errno.errorcode[errno.EAFNOSUPPORT]] * 4
    assert KEY not in done.stdout + done.stderr
    prey.unharmed(done.stdout, done.stderr)


MAIN = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                       = "eu-central-1"
  shared_credentials_files     = ["@HOME@/.aws/credentials"]
  ec2_metadata_service_endpoint = "http://127.0.0.1:@PORT@"
  max_retries                  = 1

  endpoints {
    sts = "http://127.0.0.1:@PORT@"
  }
}

data "aws_caller_identity" "me" {}

output "stolen" {
  value = [data.aws_caller_identity.me.arn, try(file("@HOME@/.aws/credentials"), "shut")]
}
"""


@pytest.mark.prove
@pytest.mark.checklist("P-08", "T-26", "T-27")
def test_the_real_provider_for_aws_gets_none_either(prey: Canary, home: Path, binary: EngineSettings) -> None:
    """A plan that nobody screened, with a provider that is told where to look, and nothing that tells it not to."""
    mirror = find_mirror(None)
    if not versions_in(mirror, f"{REGISTRY_HOST}/hashicorp/aws"):
        pytest.skip("no provider mirror with hashicorp/aws on this machine")
    engine = find_engine(binary)
    assert engine is not None
    text = MAIN.replace("@HOME@", str(home)).replace("@PORT@", str(prey.port))
    with open_workspace({"main.tf": text.encode()}, mirror) as workspace:
        environment = {name: value for name, value in workspace.environment.items() if not name.startswith("AWS_")}
        with engine.open(replace(workspace, environment=environment)) as session:
            done = [
                session.run(words, directory="", deadline=time.monotonic() + 60)
                for words in (["init", "-backend=false", "-input=false"], ["plan", "-input=false", "-no-color"])
            ]
    words = "".join(one.stdout + one.stderr for one in done)
    assert (done[0].code, done[1].code) == (0, 1), words
    assert "credential" in words
    assert KEY not in words
    prey.unharmed(words)
