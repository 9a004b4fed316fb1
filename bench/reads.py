"""How many answers a second the read path gives, and how late, beside a static file of the same size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from bench import wire
from bench.figures import Table, median, milliseconds, percentile, times
from bench.published import CHOSEN, LARGE, PRIVATE, PUBLIC, VERSIONS, Registry, registry
from bench.scale import Scale
from bench.wire import Timings

CONNECTIONS = (1, 16)
_SMALL_FILE, _LARGE_FILE = "static, answer of versions", "static, archive"


@dataclass(frozen=True)
class _Cell:
    port: int
    request: bytes
    beside: str


def measure(scale: Scale) -> Iterator[Table]:
    """Closed loop, the cells in turns."""
    with registry(scale.modules) as found:
        cells = _cells(found)
        sizes = {name: len(_good(cell).body) for name, cell in cells.items()}
        for connections in CONNECTIONS:
            timings = _in_turns(cells, connections, scale)
            yield Table(
                f"Reads with {connections} connection{'s' if connections > 1 else ''}",
                ("request", "bytes", "answers", "a second", "p50", "p99", "static beside ours"),
                tuple(_row(name, cells[name].beside, sizes[name], timings) for name in cells),
                (
                    (
                        f"{2 * (scale.modules + 2)} modules of {len(VERSIONS)} versions, SQLite, one web process, "
                        f"kept-alive connections; beside {found.static_name}."
                    ),
                    (
                        f"{scale.reads_rounds} turns of {scale.reads_seconds:g} s each, client on the same cores. "
                        "The last column: how many times more often the static file is answered."
                    ),
                ),
            )


def _cells(found: Registry) -> Mapping[str, _Cell]:
    ours, static = found.web.port, found.static_port
    versions = wire.get(ours, f"/v1/modules/{PUBLIC}/{LARGE}/terraform/versions")
    listed = wire.once(ours, versions).body
    (found.work / "static" / "versions.json").write_bytes(listed)

    def path(namespace: str, rest: str) -> str:
        return f"/v1/modules/{namespace}/{LARGE}/terraform/{rest}"

    def archive(namespace: str, token: str | None) -> str:
        answer = wire.once(ours, wire.get(ours, path(namespace, f"{CHOSEN}/download"), token))
        return urljoin(path(namespace, ""), answer.headers["x-terraform-get"]).partition("?")[0]

    small, large = _SMALL_FILE, _LARGE_FILE
    return {
        small: _Cell(static, wire.get(static, "/versions.json"), small),
        "discovery": _Cell(ours, wire.get(ours, "/.well-known/terraform.json"), small),
        "versions, public": _Cell(ours, versions, small),
        "versions, private": _Cell(ours, wire.get(ours, path(PRIVATE, "versions"), found.token), small),
        "download, public": _Cell(ours, wire.get(ours, path(PUBLIC, f"{CHOSEN}/download")), small),
        "download, private": _Cell(ours, wire.get(ours, path(PRIVATE, f"{CHOSEN}/download"), found.token), small),
        large: _Cell(static, wire.get(static, f"/{LARGE}.tar.gz"), large),
        "archive, public": _Cell(ours, wire.get(ours, archive(PUBLIC, None)), large),
        "archive, signed": _Cell(ours, wire.get(ours, archive(PRIVATE, found.token)), large),
    }


def _in_turns(cells: Mapping[str, _Cell], connections: int, scale: Scale) -> dict[str, Timings]:
    found = {name: Timings() for name in cells}
    for cell in cells.values():
        wire.closed_loop(cell.port, [cell.request], connections, scale.reads_seconds / 4)
    for _ in range(scale.reads_rounds):
        for name, cell in cells.items():
            found[name].add(wire.closed_loop(cell.port, [cell.request], connections, scale.reads_seconds))
    return found


def _good(cell: _Cell) -> wire.Answer:
    answer = wire.once(cell.port, cell.request)
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} to {cell.request!r}")
    return answer


def _row(name: str, beside: str, size: int, timings: Mapping[str, Timings]) -> tuple[str, ...]:
    ours = timings[name]
    return (
        name,
        str(size),
        ours.said,
        f"{ours.rate:,.0f}",
        milliseconds(median(ours.seconds)),
        milliseconds(percentile(ours.seconds, 99)),
        times(timings[beside].rate, ours.rate),
    )
