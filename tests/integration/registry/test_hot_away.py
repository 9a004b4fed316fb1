"""The hot path without its database: what everybody knew is served on, what needs a token waits, and nobody hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.integration.registry.conftest import _registry
from tests.integration.registry.hot import BASE, CLOSED, OPEN, Hot, filled, locations


@pytest.fixture
def hot(registry, settings) -> Iterator[Hot]:
    made = filled(registry, settings)
    yield made
    made.stop()


@contextmanager
def _away(registry) -> Iterator[None]:
    """The database cannot be reached by anybody."""
    url = registry.database.url
    registry.database.dispose()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        path.rename(path.with_suffix(".away"))
        path.mkdir()
        yield
        path.rmdir()
        path.with_suffix(".away").rename(path)
        return
    name = url.partition("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.checklist("F-07", "P-09")
def test_F07_while_the_database_is_away_everybody_gets_what_everybody_knew(registry, hot) -> None:
    token = registry.token("secret")
    location, signed, _ = locations(hot, token)
    public = [f"{OPEN}/versions", f"{OPEN}/1.0.0/download", location]
    before = [hot.get(path).content for path in public]
    for path in (f"{CLOSED}/versions", f"{CLOSED}/1.0.0/download"):
        assert hot.get(path, token).status_code == 200
    assert hot.get(signed).status_code == 200
    with _away(registry):
        for seconds in (1, 1, 3_500):
            hot.clocks.pass_(seconds)
            assert not hot.look()
            assert [hot.get(path).content for path in public] == before
            assert hot.get(f"{OPEN}/versions", token).status_code == 200  # nobody can say whose token that is
            assert hot.get("/.well-known/terraform.json").status_code == 200
        # Whether a token still lives, nobody can say: who needs one waits.
        for path, sent in ((f"{CLOSED}/versions", token), (signed, None), (f"{BASE}acme/cold/aws/versions", None)):
            refused = hot.get(path, sent)
            assert refused.status_code == 503 and refused.headers["retry-after"] == "1", path
            assert refused.json() == {"errors": ["Not available at the moment; try again"]}
            assert refused.headers["x-content-type-options"] == "nosniff"
        hot.clocks.pass_(200)
        assert not hot.look() and hot.get(public[0]).status_code == 503  # an hour is the end of it
    assert hot.look() and hot.get(f"{CLOSED}/versions", token).status_code == 200
    assert hot.counter.flush()


@pytest.mark.checklist("F-07")
def test_F07_a_database_that_hangs_holds_each_request_for_a_moment_and_then_none(postgres_url, tmp_path, settings):
    registry = _registry(postgres_url, tmp_path, settings)
    hot = filled(registry, settings)
    assert hot.get(f"{OPEN}/versions").status_code == 200
    hot.clocks.pass_(1)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as holder:
        hot.answers._patience = 0.5
        holder.execute("LOCK TABLE namespaces, modules, versions IN ACCESS EXCLUSIVE MODE")
        assert hot.get(f"{OPEN}/versions").status_code == 200  # after its patience, from memory
        with hot.statements() as asked:  # who comes now does not even try
            assert hot.get(f"{OPEN}/versions").status_code == 200
            assert hot.get(f"{BASE}acme/cold/aws/versions").status_code == 503
        assert asked == []
        holder.rollback()
    hot.answers._patience = 30.0
    hot.clocks.pass_(1)
    assert hot.get(f"{OPEN}/versions").status_code == 200
    hot.stop()
    registry.database.dispose()
