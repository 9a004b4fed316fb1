"""What gets installed is all of it: a wheel built here holds every tracked file of every package, data included."""

import subprocess
import sys
import zipfile
from pathlib import Path


def test_the_wheel_holds_every_file_of_every_package(
    root: Path, files: tuple[str, ...], packages: tuple[str, ...], tmp_path: Path
) -> None:
    build = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        entry_points = next(name for name in held if name.endswith("entry_points.txt"))
        assert "terrasmith = terrasmith.main:main" in archive.read(entry_points).decode()
    wanted = {name for name in files if name.split("/")[0] in packages}
    assert not wanted - held
    assert not [name for name in held if name.startswith(("tests/", "tools/", "bench/"))]
