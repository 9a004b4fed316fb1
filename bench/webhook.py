"""How fast a webhook is answered at fifty deliveries a second, beside the cheapest answer the same server can give."""

import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from bench import wire
from bench.deliveries import deliveries
from bench.figures import Table, median, milliseconds, percentile, times
from bench.processes import folder, web, whole_system
from bench.scale import Scale
from bench.visitors import answered, database_of, make_comments, open_issue, place_of, webhook_secret
from bench.wire import Timings
from terrasmith.visitor import GitHubVisitor

RATE = 50.0
SMALL_TALK = "Thank you, that looks right to me. Who can have a look at the policy next week?"
COMMAND = "/generate an S3 bucket with versioning and encryption"
LIVEZ, WITHOUT, WITH = "GET /livez", "delivery without a command", "delivery with a command"


COLUMNS = ("request", "sent", "statuses", "p50", "p99", "greatest", "p50 beside /livez", "p99 beside /livez")


def measure(scale: Scale) -> Iterator[Table]:
    """The web process by itself, then in the middle of everything."""
    yield _alone(scale)
    yield _in_company(scale)


def _alone(scale: Scale) -> Table:
    with folder() as directory, web(directory) as server:
        port, secret = server.port, server.webhook_secret
        makers = {
            LIVEZ: lambda: wire.get(port, "/livez"),
            WITHOUT: deliveries(port, secret, SMALL_TALK),
            WITH: deliveries(port, secret, COMMAND),
        }
        size = len(makers[WITHOUT]().partition(b"\r\n\r\n")[2])
        found = in_turns(port, makers, RATE, scale.webhook_seconds, scale.webhook_rounds)
    return Table(
        f"Webhook answers at {RATE:.0f} a second, the web process alone",
        COLUMNS,
        tuple(_row(name, timings, found[LIVEZ]) for name, timings in found.items()),
        (
            f"Open loop: sent when due, timed from when it was due. Bodies of {size / 1000:.1f} kB, each new.",
            f"{scale.webhook_seconds:.0f} s for each kind, in {scale.webhook_rounds} turns, one kind after another.",
            "A delivery with a command is committed with its event (SQLite, synchronous=FULL) before it is answered.",
        ),
    )


def _in_company(scale: Scale) -> Table:
    """The same while relay and workers do what the commands ask for, and the simulated GitHub answers them."""
    seconds = scale.busy_seconds
    with folder() as directory, whole_system(directory / "data") as found, database_of(found) as database:
        visitor = GitHubVisitor(found.github_url, found.writer.token)
        issue = open_issue(visitor, found)
        comments = make_comments(found, issue, int(RATE * (seconds + 1)))
        place = place_of(visitor, found, database, issue)
        port = urlsplit(found.registry_url).port or 80
        makers = {
            LIVEZ: lambda: wire.get(port, "/livez"),
            WITH: deliveries(port, webhook_secret(found), "/help", place, iter(comments)),
        }
        begun = time.perf_counter()
        timings = in_turns(port, makers, RATE, seconds, 2)
        took, done = time.perf_counter() - begun, answered(database)
    asked = len(timings[WITH].seconds)
    return Table(
        f"The same with relay, workers, Valkey and the simulated GitHub at work on {RATE:.0f} commands a second",
        COLUMNS,
        tuple(_row(name, one, timings[LIVEZ]) for name, one in timings.items()),
        (
            (
                "The commands are `/help` on comments that exist: each costs an event, a job, a forked process and "
                "several calls to GitHub, all on the cores that also send and answer."
            ),
            (
                f"Of {asked} commands {done} had their reply when the last one was sent ({took:.0f} s): "
                f"{done / took:.1f} quick jobs a second with one worker; the rest waited in line."
            ),
        ),
    )


def in_turns(
    port: int, makers: Mapping[str, Callable[[], bytes]], rate: float, seconds: float, rounds: int
) -> dict[str, Timings]:
    """Each kind for `seconds` in all, in turns: what else the machine does then meets them all alike."""
    found = {name: Timings() for name in makers}
    for make in makers.values():
        wire.open_loop(port, make, rate, 0.5)  # the first ones pay for imports and connections
    for _ in range(rounds):
        for name, make in makers.items():
            found[name].add(wire.open_loop(port, make, rate, seconds / rounds))
    return found


def _row(name: str, timings: Timings, livez: Timings) -> tuple[str, ...]:
    middle, late = median(timings.seconds), percentile(timings.seconds, 99)
    return (
        name,
        str(len(timings.seconds)),
        timings.said,
        milliseconds(middle),
        milliseconds(late),
        milliseconds(max(timings.seconds)),
        times(middle, median(livez.seconds)),
        times(late, percentile(livez.seconds, 99)),
    )
