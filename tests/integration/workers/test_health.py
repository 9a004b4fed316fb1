"""The worker's own small door: what it answers in each condition, and what it does not."""

import httpx
import pytest

from core.errors import UserError
from workers.health import Condition, Health


@pytest.mark.checklist("T-32")
def test_each_condition_in_words_and_as_a_number() -> None:
    with Health("127.0.0.1:0") as health, httpx.Client(base_url=f"http://127.0.0.1:{health.port}") as client:
        starting = client.get("/readyz")
        assert (starting.status_code, starting.json()["reason"]) == (503, "the worker starts")
        assert client.get("/metrics").text == ""
        health.condition = Condition(level="L0", reason="no Landlock")
        told = {"status": "unavailable", "sandbox": "L0", "reason": "no Landlock"}
        assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (503, told)
        assert client.get("/metrics").text.endswith("\nterrasmith_sandbox_level 0\n")
        health.condition = Condition(ready=True, level="L2")
        assert (client.get("/readyz").status_code, client.get("/readyz").json()["sandbox"]) == (200, "L2")
        assert client.get("/metrics").text.endswith("\nterrasmith_sandbox_level 2\n")
        health.condition = Condition(ready=True)
        assert client.get("/readyz").json() == {"status": "ok"}  # a queue on which no stranger's code runs
        assert client.get("/livez").json() == {"status": "ok"}
        assert [client.get("/").status_code, client.post("/livez").status_code] == [404, 501]


@pytest.mark.parametrize("address", ["", "9102x", "127.0.0.1:99999", "nowhere.invalid:1"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(UserError, match="--health"):
        Health(address)
