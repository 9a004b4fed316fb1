"""`python -m bench [NAME …]`: run the measurements, all or some, and print their tables as Markdown."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from bench import comment, gate, install, machine, reads, webhook
from bench.figures import Table
from bench.scale import FULL, TINY, Scale
from core.errors import UserError

MEASUREMENTS: dict[str, Callable[[Scale], Iterator[Table]]] = {
    "webhook": webhook.measure,
    "comment": comment.measure,
    "install": install.measure,
    "reads": reads.measure,
    "gate": gate.measure,
}


def main(arguments: list[str]) -> int:
    """Exit 0 when every measurement could be made, 1 when one could not; figures decide nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Terrasmith on this machine.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(MEASUREMENTS)} (default: all)"
    )
    parser.add_argument("--tiny", action="store_true", help="a few requests only: to see that it runs, not to quote")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    print(f"{machine.describe()}\n")
    if given.tiny:
        print("TINY: counts too small to quote.\n")
    failed = False
    for name in given.names or MEASUREMENTS:
        failed |= not _run(name, TINY if given.tiny else FULL)
    return 1 if failed else 0


def _run(name: str, scale: Scale) -> bool:
    print(f"## {name}\n\nBefore: {machine.load()}.\n", flush=True)
    started = time.monotonic()
    try:
        for table in MEASUREMENTS[name](scale):
            print(f"{table.to_markdown()}\n", flush=True)
    except UserError as error:
        print(f"Not measured: {error}\n", flush=True)
        return False
    print(f"After {time.monotonic() - started:.0f} s: {machine.load()}.\n", flush=True)
    return True


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
