"""A stub's public API done right, for checks that our own registry cannot pass before it offers one."""

from urllib.parse import parse_qs, urlsplit

from terrasmith.conformance.stub import MODULE, Answer, Call, json_answer

BASE = "/v1/modules"
LATEST = "1.1.0"
LIMIT = 50


def module(version: str) -> dict:
    namespace, name, provider = MODULE.split("/")
    return {
        "id": f"{MODULE}/{version}", "owner": "acme", "namespace": namespace, "name": name, "version": version,
        "provider": provider, "description": "A box.", "source": "https://github.example/acme/box",
        "published_at": "2026-01-02T03:04:05.678Z", "downloads": 7, "verified": False,
    }  # fmt: skip


def detail(version: str) -> dict:
    part = {"path": "", "readme": "# Box", "empty": False, "outputs": [], "dependencies": [], "resources": []}
    inputs = [{"name": "size", "type": "number", "description": "", "default": "1", "required": False}]
    root = {**part, "inputs": inputs}
    return module(version) | {
        "root": root, "submodules": [root | {"path": "modules/inner"}], "providers": ["null"], "versions": [LATEST],
    }  # fmt: skip


def good(call: Call, answer: Answer) -> Answer:
    """The answers of a registry that has the whole public API."""
    parts = urlsplit(call.target)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = parts.path.rstrip("/")
    if path in {BASE, f"{BASE}/search", f"{BASE}/acme", f"{BASE}/acme/box"}:
        offset, limit = int(asked.get("offset", 0)), min(int(asked.get("limit", 15)), LIMIT)
        meta = {"limit": limit, "current_offset": offset} | ({"prev_offset": 0} if offset else {})
        return json_answer({"meta": meta, "modules": [] if offset else [module(LATEST)]})
    if path == f"{BASE}/{MODULE}":
        return json_answer(detail(LATEST))
    if path == f"{BASE}/{MODULE}/{LATEST}":
        return json_answer(detail(LATEST))
    if path == f"{BASE}/{MODULE}/download":
        return Answer(302, headers={"Location": f"{BASE}/{MODULE}/{LATEST}/download"})
    if path == f"/v2/modules/{MODULE}/downloads/summary":
        counts = {"week": 1, "month": 2, "year": 3, "total": 4}
        return json_answer({"data": {"type": "module-downloads-summary", "id": "1", "attributes": counts}})
    return answer
