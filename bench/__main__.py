"""`python -m bench [NAME …]`: run the measurements, all or some, and print their tables as Markdown."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import comment, gate, generate, install, machine, publication, reads, registry, search, webhook
from bench.figures import Table, with_figures
from bench.scale import FULL, TINY, Scale
from core.errors import UserError

MEASUREMENTS: dict[str, Callable[[Scale], Iterator[Table]]] = {
    "webhook": webhook.measure,
    "comment": comment.measure,
    "install": install.measure,
    "reads": reads.measure,
    "registry": registry.measure,
    "gate": gate.measure,
    "generate": generate.measure,
    "publication": publication.measure,
    "search": search.measure,
}


def main(arguments: list[str]) -> int:
    """Exit 0 when every measurement could be made, 1 when one could not; figures decide nothing."""
    known = ", ".join(MEASUREMENTS)
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Terrasmith on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {known} (default: all)")
    parser.add_argument("--tiny", action="store_true", help="a few requests only: to see that it runs, not to quote")
    parser.add_argument("--modules", type=int, metavar="N", help="registry: how many modules (default: 1000)")
    parser.add_argument("--module", type=Path, metavar="DIR", help="gate: also this module, beside our own templates")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put the tables below the mark in this file")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)}; there are {known}")
    scale = TINY if given.tiny else FULL
    if given.modules is not None:
        if given.modules < 10:
            parser.error("--modules is at least 10")
        scale = replace(scale, registry_modules=given.modules)
    if given.module is not None:
        if not given.module.is_dir():
            parser.error(f"{given.module} is not a folder")
        scale = replace(scale, gate_module=given.module.resolve())
    said: list[str] = []
    complete = True
    _say(said, f"{machine.describe()}.")
    if given.tiny:
        _say(said, "TINY: counts too small to quote.")
    for name in given.names or MEASUREMENTS:
        complete &= _run(name, scale, said)
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        given.write.write_text(with_figures(text, "\n\n".join(said)), encoding="utf-8")
    return 0 if complete else 1


def _run(name: str, scale: Scale, said: list[str]) -> bool:
    _say(said, f"## {name}")
    _say(said, f"Before: {machine.others_now()}.")
    started, others = time.monotonic(), machine.Others()
    try:
        for table in MEASUREMENTS[name](scale):
            _say(said, table.to_markdown())
    except UserError as error:
        _say(said, f"Not measured: {error}")
        return False
    _say(said, f"In these {time.monotonic() - started:.0f} s: {others.said()}. After: {machine.others_now()}.")
    return True


def _say(said: list[str], text: str) -> None:
    said.append(text)
    print(f"{text}\n", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
