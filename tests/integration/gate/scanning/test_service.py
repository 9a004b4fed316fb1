"""The warm scanner as a process: whatever happens to it, who asks gets an answer or hears why not, and never "clean".

Checkov itself is a stub of a few lines here, in an environment of its own; all other processes are the real ones.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gate.scanning import checkov
from gate.scanning.scanner import Scan
from gate.scanning.service import Recycling, ScannerStartError, Service
from gate.scanning.warm import ScannerSettings
from tests.integration.gate.scanning.conftest import Running, until

Serving = Callable[..., Running]
CODE = b'resource "aws_s3_bucket" "this" {}\n'


def scan(settings: ScannerSettings, text: bytes = CODE) -> Scan:
    return checkov.scan(settings, {"main.tf": text})


def found(scan: Scan) -> tuple[bool, list[str], int]:
    return scan.complete, [finding.rule for finding in scan.findings], scan.scanned_resources


GOOD = (True, ["CKV_AWS_21"], 1)


@pytest.mark.checklist("T-28")
def test_one_for_itself_answers_as_the_warm_one_does(stub_python: str, serving: Serving) -> None:
    warm = serving().settings
    alone = ScannerSettings(stub_python)
    assert found(scan(warm)) == found(scan(alone)) == GOOD
    assert scan(warm) == scan(alone)
    for settings in (warm, alone):
        (problem,) = scan(settings, b"#environment\n" + CODE).problems
        names = problem.message.split("(")[-1].split(")")[0].split(",")
        assert set(names) - {"LC_CTYPE"} == {
            *("HCL_PARSE_TIMEOUT_SEC", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"),
            *("PYTHONUTF8", "TMPDIR", "TZ"),
        }


@pytest.mark.checklist("T-31", "F-04")
def test_a_module_that_breaks_the_scanner_breaks_its_own_scan_alone(serving: Serving) -> None:
    running = serving()
    broken = scan(running.settings, b"#raise\n" + CODE)
    assert "RecursionError" in broken.problems[0].message
    # A scan that dies is tried once more, alone, and dies again.
    died = scan(running.settings, b"#die\n" + CODE)
    assert not died.complete
    assert "died without an answer" in died.problems[0].message or "limit" in died.problems[0].message
    assert found(scan(running.settings)) == GOOD


@pytest.mark.checklist("T-30")
def test_a_scan_that_takes_too_long_is_ended_and_told(serving: Serving) -> None:
    running = serving()
    slow = scan(replace(running.settings, timeout_seconds=1.0), b"#sleep 600\n" + CODE)
    assert "time limit" in slow.problems[0].message
    assert found(scan(running.settings)) == GOOD


@pytest.mark.checklist("T-30", "F-04")
def test_a_scan_that_nobody_waits_for_is_ended_by_its_parent(serving: Serving) -> None:
    running = serving(seconds=1.0)
    slow = scan(running.settings, b"#sleep 600\n" + CODE)
    assert not slow.complete
    until(lambda: len(running.checkovs()) == 1)


@pytest.mark.checklist("F-04")
def test_killed_in_the_middle_of_a_scan_it_is_asked_once_more(serving: Serving) -> None:
    running = serving()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(scan, running.settings, b"#sleep 2\n" + CODE)
        until(lambda: len(running.checkovs()) == 2)
        for process in running.checkovs():
            with suppress(psutil.NoSuchProcess):  # the launcher ends the scan with its parent
                process.kill()
        assert found(asked.result()) == GOOD
    until(lambda: running.told().count("is warm") == 2)
    assert "died" in running.told()
    assert found(scan(running.settings)) == GOOD


@pytest.mark.checklist("T-31")
def test_killed_and_with_nobody_to_ask_again_it_is_undecided(serving: Serving) -> None:
    running = serving()
    nobody = replace(running.settings, python="/nowhere/python")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(scan, nobody, b"#sleep 600\n" + CODE)
        until(lambda: len(running.checkovs()) == 2)
        max(running.checkovs(), key=psutil.Process.create_time).kill()
        assert asked.result().problems[0].fix
    assert found(scan(nobody)) == GOOD


def test_eight_at_once_get_the_same_answer(serving: Serving) -> None:
    running = serving()
    with ThreadPoolExecutor(8) as pool:
        scans = list(pool.map(lambda _: scan(running.settings), range(8)))
    assert all(found(one) == GOOD for one in scans)
    assert len({repr(one) for one in scans}) == 1


@pytest.mark.parametrize("recycling", [Recycling(scans=2), Recycling(resident_bytes=1)])
def test_it_is_recycled_by_count_and_by_memory_and_nobody_notices(serving: Serving, recycling: Recycling) -> None:
    running = serving(recycling)
    (first,) = running.checkovs()
    with ThreadPoolExecutor(4) as pool:
        assert all(found(one) == GOOD for one in pool.map(lambda _: scan(running.settings), range(4)))
    until(lambda: first not in running.checkovs())
    assert running.told().count("is warm") >= 2
    assert "died" not in running.told()
    assert found(scan(running.settings)) == GOOD


def test_strangers_at_the_socket_do_no_harm(serving: Serving) -> None:
    import socket

    running = serving()
    for words in (b"", b"\xff\xff\xff\xff", b"\x00\x00\x00\x05{}", b"\x00\x00\x00\x02[]", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(running.settings.socket))
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            assert b"resource" not in connection.recv(1000)
    assert found(scan(running.settings)) == GOOD


@pytest.mark.checklist("T-32")
def test_it_does_not_start_where_somebody_else_could_answer_for_it(stub_python: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    service = Service(ScannerSettings(stub_python, tmp_path / "socket"), print)
    with pytest.raises(ScannerStartError, match="must belong to this user"):
        service.run()


def test_without_checkov_it_says_what_to_do(tmp_path: Path) -> None:
    service = Service(ScannerSettings("/nowhere/python", tmp_path / "s" / "socket"), print)
    with pytest.raises(ScannerStartError, match="TERRASMITH_SCANNER"):
        service.run()
    with pytest.raises(ScannerStartError, match="TERRASMITH_SCANNER_SOCKET"):
        Service(ScannerSettings(), print)


def test_the_socket_is_this_users_own(serving: Serving) -> None:
    place = serving().settings.socket
    assert place
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)
