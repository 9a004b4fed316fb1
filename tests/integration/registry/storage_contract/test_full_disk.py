"""A folder on a full disk: told as such, nothing torn, reading goes on, and it recovers by itself (F-16).

The disk is a tmpfs of one megabyte that only the child process sees; where the kernel grants no such thing, the child's
own limit on the size of a file stands for it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import json, os, resource, sys
from pathlib import Path
from registry.storage.local import LocalStorage
from registry.storage.port import StorageUnavailableError

root, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))
storage, told = LocalStorage(root), []
storage.put("archives/first", b"1" * 500_000)

def refused(use):
    try:
        use()
    except StorageUnavailableError as error:
        told.append([error.message, error.retry_after])

refused(lambda: storage.put("archives/second", b"2" * 900_000))
refused(lambda: storage.stage("incoming/third", (b"3" * 50_000 for _ in range(20))))
after = {"kept": sorted(one.key for one in storage.objects()), "unfinished": os.listdir(root / ".unfinished")}
with storage.open("archives/first") as stream:
    after["readable"] = stream.read() == b"1" * 500_000
if kind == "tmpfs":
    (root / "archives/first").unlink()
storage.put("archives/second", b"2" * 600_000)
print(json.dumps({"told": told, "recovered": storage.size("archives/second"), **after}))
"""


def _mounted(folder: Path) -> list[str]:
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1" tmpfs'
    return [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        str(folder),
        sys.executable,
        CHILD,
    ]


@pytest.mark.checklist("F-16")
def test_F16_a_full_disk_is_told_and_tears_nothing(tmp_path: Path) -> None:
    try:
        done = subprocess.run(_mounted(tmp_path), capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        done = None
    if done is None or not done.stdout:
        limited = [sys.executable, "-c", CHILD, str(tmp_path), "limit"]
        done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["kept"] == ["archives/first"] and seen["unfinished"] == [] and seen["readable"] is True
    assert seen["recovered"] == 600_000
    assert len(seen["told"]) == 2
    for message, retry_after in seen["told"]:
        assert message.startswith(f"The storage {tmp_path} failed at writing: ") and "make room" in message
        assert retry_after == 60
