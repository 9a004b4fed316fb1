"""The simulator's own switches under /_simulator: faults, clock, ledger. No GitHub has these."""

from __future__ import annotations

import json
from typing import Any

from . import faults, organisations
from .call import ApiError, Call, Reply, not_found
from .routing import Routes
from .store import Row

routes = Routes("/_simulator")


@routes.get("/ledger", who="anyone")
def ledger(call: Call) -> Any:
    """Every effect, oldest first; `?kind=` and `?subject=` narrow by prefix."""
    rows = call.store.all(
        "SELECT * FROM ledger WHERE kind LIKE ? || '%' AND subject LIKE ? || '%' ORDER BY id",
        call.query.get("kind", ""), call.query.get("subject", ""),
    )  # fmt: skip
    return [
        {
            **{key: row[key] for key in ("id", "at", "actor", "kind", "subject")},
            "detail": json.loads(row["detail_json"]),
        }
        for row in rows
    ]


@routes.get("/faults", who="anyone")
def list_faults(call: Call) -> Any:
    return call.store.all("SELECT * FROM faults ORDER BY id")


@routes.post("/faults", who="anyone")
def add_fault(call: Call) -> Any:
    return Reply(201, faults.add(call.world, call.body))


@routes.delete("/faults", who="anyone")
def clear_faults(call: Call) -> Any:
    call.store.execute("DELETE FROM faults")
    return Reply(204)


@routes.get("/clock", who="anyone")
def clock(call: Call) -> Any:
    return {"now": call.now}


@routes.post("/clock", who="anyone")
def advance_clock(call: Call) -> Any:
    seconds = call.body.get("advance_seconds")
    if not isinstance(seconds, int) or seconds < 0:
        raise ApiError(422, "advance_seconds: a number of seconds")
    call.world.advance(seconds)
    return {"now": call.now}


@routes.get("/deliveries/pending", who="anyone")
def pending(call: Call) -> Any:
    """How many webhooks have not been sent yet: 0 means that the app has heard everything."""
    return {"pending": call.store.count("SELECT COUNT(*) FROM deliveries WHERE pending = 1")}


@routes.post("/app", who="anyone")
def change_app(call: Call) -> Any:
    """Point the webhook elsewhere without a restart: `webhook_url`, `webhook_secret`."""
    app = call.world.app()
    if app is None:
        raise not_found()
    wanted = {name: call.body[name] for name in ("webhook_url", "webhook_secret") if name in call.body}
    call.store.update("apps", app["id"], **wanted)
    return Reply(204)


@routes.post("/organisations", who="anyone")
def found_organisation(call: Call) -> Any:
    """Found `login` and install the app there."""
    if call.world.user(str(call.body.get("login"))):
        raise ApiError(422, "login: is taken")
    return Reply(201, {"id": organisations.found(call.world, str(call.body["login"]))["id"]})


@routes.patch("/organisations/{login}", who="anyone")
def rename_organisation(call: Call) -> Any:
    """Call it `login` from now on."""
    if call.world.user(str(call.body.get("login"))):
        raise ApiError(422, "login: is taken")
    return {"id": organisations.rename(call.world, _organisation(call), str(call.body["login"]))["id"]}


@routes.delete("/organisations/{login}", who="anyone")
def delete_organisation(call: Call) -> Any:
    """The login is free again."""
    organisations.delete(call.world, _organisation(call))
    return Reply(204)


def _organisation(call: Call) -> Row:
    row = call.world.user(call.params["login"])
    if row is None or row["type"] != "Organization":
        raise not_found()
    return row
