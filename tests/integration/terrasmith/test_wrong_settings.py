"""A start that cannot work ends with one line that names the variable, as a process does it, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.s3_server import S3Server

GOOD = {
    "TERRASMITH_BASE_URL": "https://registry.example.com",
    "TERRASMITH_SECRET_KEY": "k" * 32,
    "TERRASMITH_WEBHOOK_SECRETS": "w" * 32,
}


def _start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3]), **environment}
    return subprocess.run(
        [sys.executable, "-m", "terrasmith", *arguments],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("command", "environment", "start"),
    [
        ("web", {"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL does not answer"),
        ("migrate", {"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL does not answer"),
        ("web", {"DATABASE_URL": "sqlite:////no/such/folder/x.db"}, "DATABASE_URL does not answer"),
        ("web", {"DATABASE_URL": "postgresql://127.0.0.1:port/x"}, "DATABASE_URL is wrong"),
        ("relay", {"DATABASE_URL": "sqlite:///x.db", "TERRASMITH_REDIS_URL": "redis://x"}, "REDIS_URL is not set"),
    ],
)
def test_a_start_that_cannot_work_is_one_line(command: str, environment: dict[str, str], start: str) -> None:
    done = _start(command, **GOOD, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"terrasmith: {start}")
    assert done.stderr.count("\n") == 1


def test_a_data_folder_that_cannot_be_is_named_and_a_mistyped_variable_before_it(sqlite_url: str) -> None:
    wrong = {"TERRASMITH_DATA_DIR": "/dev/null/data", "TERRASMITH_LOGLEVEL": "debug"}
    done = _start("web", **GOOD, DATABASE_URL=sqlite_url, **wrong)
    assert done.returncode == 1
    warning, error = done.stderr.splitlines()
    assert "TERRASMITH_LOGLEVEL is no setting and is ignored; did you mean TERRASMITH_LOG_LEVEL?" in warning
    assert error.startswith("terrasmith: TERRASMITH_DATA_DIR is wrong")


def test_a_storage_that_cannot_be_is_named(sqlite_url: str, s3_server: S3Server) -> None:
    there = f"s3://{s3_server.bucket}?endpoint={s3_server.endpoint}&region=eu-test-1&style=path&attempts=1"
    keys = {"AWS_ACCESS_KEY_ID": s3_server.access_key, "AWS_SECRET_ACCESS_KEY": "hunter2" * 6}
    done = _start("web", **GOOD, **keys, DATABASE_URL=sqlite_url, TERRASMITH_STORAGE=there)
    assert done.returncode == 1
    told = f"The storage s3://{s3_server.bucket} at {s3_server.endpoint} failed at writing: the signature was refused"
    assert done.stderr.startswith(f"terrasmith: TERRASMITH_STORAGE is wrong: {told}")
    assert done.stderr.count("\n") == 1 and "hunter2" not in done.stderr


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_folder_that_cannot_be_written_is_named(command: str) -> None:
    done = _start(command, "--data-dir", "/dev/null/data")
    assert done.returncode == 1
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_none_is_named(content: str | None, sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "server.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    done = _start("web", "--certificate", str(path), **GOOD, DATABASE_URL=sqlite_url, TERRASMITH_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("terrasmith: --certificate")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("folder", ["/no/such/folder", "/dev/null"])
def test_check_says_2_for_what_is_no_folder(folder: str) -> None:
    done = _start("check", folder)
    assert done.returncode == 2
    assert "is not a folder" in done.stderr


def test_check_says_2_for_a_wrong_setting(tmp_path: Path) -> None:
    done = _start("check", str(tmp_path), TERRASMITH_SANDBOX="maybe")
    assert done.returncode == 2
    assert done.stderr.startswith("terrasmith: TERRASMITH_SANDBOX is wrong")
