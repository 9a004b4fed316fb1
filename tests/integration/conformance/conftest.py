"""Registries on loopback that do one thing wrong, and the table of checks held against them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from terrasmith.conformance.command import find_clients
from terrasmith.conformance.outcome import Result
from terrasmith.conformance.stub import MODULE, StubRegistry
from terrasmith.conformance.subject import Subject
from terrasmith.conformance.table import CHECKS, Check, run
from tfmodule.address import Address

# tests are no packages: what the files of this folder share is found here.
sys.path.insert(0, str(Path(__file__).parent))

BY_KEY = {check.key: check for check in CHECKS}


@pytest.fixture
def needs_terraform() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on PATH")


@pytest.fixture
def outcome_of() -> Callable[..., Result]:
    """`outcome_of("R1 http", stub, …)`: what one check says of a stub."""

    def ask(key: str | Check, stub: StubRegistry, *, path: str = "", token: str | None = None, **more) -> Result:
        check = BY_KEY[key] if isinstance(key, str) else key
        clients = more.pop("clients", find_clients() if check.by in {"client", "stub"} else ())
        url = more.pop("url", stub.url)
        subject = Subject(url + path, Address.parse(MODULE), token, clients, **more)
        try:
            return next(iter(run(subject, [check])))
        finally:
            subject.close()

    return ask
