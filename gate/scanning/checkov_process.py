"""Checkov as a process: reads files, answers what it found. Runs by Checkov's own interpreter, apart from all of ours.

A bare file that needs nothing of ours: `python checkov_process.py once` answers one request on standard input, and
`… serve LISTENER COUNT MEMORY SECONDS` keeps Checkov loaded and answers each connection in a forked child of its own.
A request and an answer are a length of four bytes and that much JSON.
"""

import contextlib
import gc
import json
import logging
import os
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_MOST_BYTES = 64 << 20
_TALK_SECONDS = 30.0
# Wakes what loads itself at the first use: the grammar, the rules over the graph, and all that is known of IAM.
_SAMPLE = """
resource "aws_s3_bucket" "sample" {
  bucket = "sample"
}
resource "aws_iam_policy" "sample" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
data "aws_iam_policy_document" "sample" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}
"""


def scan(areas: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Scan each area by itself: a folder of its own, so none sees another's code."""
    answer: dict[str, Any] = {"version": _version(), "areas": {}}
    root = Path(tempfile.mkdtemp(prefix="scan-")).resolve()
    try:
        for area, files in sorted(areas.items()):
            folder = root / area
            folder.mkdir()
            for path, text in files.items():
                _write(folder, path, text)
            answer["areas"][area] = _scan_folder(folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return answer


def _write(folder: Path, path: str, text: str) -> None:
    target = folder.joinpath(*path.split("/"))
    if not target.resolve().is_relative_to(folder):
        raise ValueError("a path leads out of the folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def _version() -> str:
    from checkov.version import version

    return str(version)


def _scan_folder(folder: Path) -> dict[str, Any]:
    from checkov.runner_filter import RunnerFilter
    from checkov.terraform.runner import Runner

    logging.disable(logging.CRITICAL)  # what it could not do is found out by counting, not by reading its words
    # Nothing but these arguments and the environment steers it; the command line alone would read the module's own
    # configuration, baseline or checks.
    runner_filter = RunnerFilter(framework=["terraform"], download_external_modules=False)
    report = Runner().run(root_folder=str(folder), runner_filter=runner_filter)
    if isinstance(report, list):
        report = report[0]
    outcomes = (
        ("failed", report.failed_checks),
        ("passed", report.passed_checks),
        ("skipped", report.skipped_checks),
    )
    return {
        "results": sorted(
            (_result(outcome, record, folder) for outcome, records in outcomes for record in records),
            key=lambda result: json.dumps(result, sort_keys=True),
        ),
        "resources": sorted(_relative(name, folder) for name in report.resources),
        "unreadable": sorted(_relative(name, folder) for name in report.parsing_errors),
    }


def _result(outcome: str, record: Any, folder: Path) -> dict[str, Any]:
    caller = getattr(record, "caller_file_path", None)
    lines = getattr(record, "caller_file_line_range", None)
    return {
        "outcome": outcome,
        "id": record.check_id,
        "name": record.check_name,
        "resource": record.resource,
        "path": _relative(record.file_abs_path, folder),
        "lines": [int(number) for number in record.file_line_range],
        "comment": str(record.check_result.get("suppress_comment") or ""),
        "caller": [caller.lstrip("/"), int(lines[0]), int(lines[1])] if caller and lines else None,
    }


def _relative(name: str, folder: Path) -> str:
    return name.removeprefix(f"{folder}{os.sep}")


def once() -> None:
    """One request on standard input, one answer on standard output."""
    # Checkov's progress and warnings go to the error stream; the answer has a descriptor that only we know.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answers.write(_packed(_answer(_received(sys.stdin.buffer.read))))
    answers.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return scan(request["areas"])
    except Exception as error:  # noqa: BLE001 - told to who asked, who fails closed
        return {"version": _version(), "failure": type(error).__name__}


def serve(listener: int, most_scans: int, most_bytes: int, seconds: float) -> None:
    """Answer connections until standard input ends, each in a child; say `spent` when it is time for a successor."""
    announce = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    scan({"sample": {"main.tf": _SAMPLE}})  # loads the rules and every library that they need
    gc.collect()
    gc.freeze()  # the children share these pages until they write to them
    Service(listener, most_scans, most_bytes, seconds, announce).run()


class Service:
    """The parent of the scans: it reads no request, only starts, counts and ends children."""

    def __init__(self, listener: int, most_scans: int, most_bytes: int, seconds: float, announce: Any) -> None:
        self.listener = socket.socket(fileno=listener)
        self.listener.setblocking(False)
        self.most_scans = most_scans
        self.most_bytes = most_bytes
        self.seconds = seconds
        self.announce = announce
        self.places = os.cpu_count() or 2
        self.children: dict[int, float] = {}
        self.started = 0
        self.spent = False
        self.draining = False

    def run(self) -> None:
        self._say({"ready": _version()})
        wake, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while not self.draining or self.children:
            wanted = [wake]
            if not self.draining:
                wanted.append(0)
                if len(self.children) < self.places:
                    wanted.append(self.listener.fileno())
            ready, _, _ = select.select(wanted, [], [], self._patience())
            if wake in ready:
                os.read(wake, 4096)
            if 0 in ready and not os.read(0, 4096):
                self.draining = True
            elif self.listener.fileno() in ready:
                self._accept()
            self._reap()
            self._end_overdue()

    def _patience(self) -> float | None:
        return max(0.0, min(self.children.values()) - time.monotonic()) if self.children else None

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        child = os.fork()
        if child == 0:
            self._answer(connection)
        connection.close()
        self.children[child] = time.monotonic() + self.seconds
        self.started += 1
        if not self.spent and (self.started >= self.most_scans or _peak_bytes() > self.most_bytes):
            self.spent = True
            self._say({"spent": self.started})

    def _answer(self, connection: socket.socket) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.listener.close()
            connection.setblocking(True)
            connection.settimeout(_TALK_SECONDS)
            with connection, connection.makefile("rwb") as stream:
                stream.write(_packed(_answer(_received(stream.read))))
                stream.flush()
            code = 0
        finally:
            os._exit(code)  # never back into the parent's loop, whatever happened

    def _reap(self) -> None:
        while self.children:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.children.clear()
                return
            if pid == 0:
                return
            self.children.pop(pid, None)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for pid, deadline in list(self.children.items()):
            if now >= deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self.children[pid] = now + 1.0

    def _say(self, news: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.announce.write(json.dumps(news) + "\n")
            self.announce.flush()


def _received(read: Any) -> dict[str, Any]:
    head = read(4)
    if len(head) != 4:
        raise EOFError("no request")
    (length,) = struct.unpack("!I", head)
    if length > _MOST_BYTES:
        raise ValueError("the request is too large")
    body = read(length)
    if len(body) != length:
        raise EOFError("half a request")
    return dict(json.loads(body))


def _packed(answer: dict[str, Any]) -> bytes:
    body = json.dumps(answer, sort_keys=True).encode()
    return struct.pack("!I", len(body)) + body


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    if sys.argv[1] == "once":
        once()
    else:
        serve(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))


if __name__ == "__main__":
    main()
