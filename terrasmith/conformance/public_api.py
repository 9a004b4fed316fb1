"""R31 and R34 to R37, as far as a registry offers the public API: a 404 means that it does not."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import httpx

from terrasmith.conformance.outcome import MismatchError, NotRunError, expect
from terrasmith.conformance.subject import UNKNOWN_VERSION, Subject, as_object, media_type, newest
from tfmodule.version import InvalidVersionError, parse_tag

_MODULE_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "id": str, "owner": str, "namespace": str, "name": str, "version": str, "provider": str, "description": str,
    "source": str, "published_at": str, "downloads": int, "verified": bool,
}  # fmt: skip
_PART_KEYS = ("path", "readme", "empty", "inputs", "outputs", "dependencies", "resources")
_FAR = 1_000_000


def offers_lists(subject: Subject) -> None:
    """Every endpoint of the public API that is there at all is there in its right form."""
    namespace, found = subject.address.namespace, []
    for path in ("", namespace, f"{namespace}/{subject.address.name}", f"search?q={subject.address.name}"):
        answer = _asked(subject, path)
        if answer is not None:
            _modules(answer)
            found.append(path)
    detail = _asked(subject, str(subject.address))
    if detail is not None:
        body = as_object(detail, "the module")
        expect(isinstance(body.get("versions"), list), "a list in `versions`", body.get("versions"))
        expect(isinstance(body.get("providers"), list), "a list in `providers`", body.get("providers"))
        found.append("detail")
    latest = _asked(subject, f"{subject.address}/download")
    if latest is not None:
        expect(latest.status_code == 302, "302 from the download without a version", latest.status_code)
        target = urljoin(str(latest.request.url), latest.headers.get("location", ""))
        expect(target.endswith(f"/{newest(subject.listed)}/download"), "a redirect to the latest version", target)
        found.append("download")
    if not found:
        raise NotRunError("not offered")
    _summary(subject)


def pages_rightly(subject: Subject) -> None:
    first = _asked(subject, "?limit=1")
    if first is None:
        raise NotRunError("not offered")
    modules, meta = _modules(first)
    expect(len(modules) <= 1 and meta.get("limit") == 1, "one module, and `meta.limit` 1", meta)
    expect("prev_offset" not in meta, "no `prev_offset` on the first page", meta)
    expect(("next_offset" in meta) == ("next_url" in meta), "`next_offset` and `next_url` together", meta)
    clamped = _modules(_require(subject, f"?limit={_FAR}"))[1].get("limit")
    expect(isinstance(clamped, int) and 0 < clamped < _FAR, "a limit that is clamped, not refused", clamped)
    beyond, meta = _modules(_require(subject, f"?offset={_FAR}"))
    expect(not beyond and meta.get("current_offset") == _FAR, f"an empty page at offset {_FAR}", meta)
    expect("next_offset" not in meta and "prev_offset" in meta, "`prev_offset` and no next at the end", meta)


def describes_modules(subject: Subject) -> None:
    answer = _asked(subject, f"{subject.address}/{subject.version}")
    if answer is None:
        raise NotRunError("not offered")
    body = as_object(answer, "the module")
    for key, kind in _MODULE_KEYS.items():
        expect(isinstance(body.get(key), kind), f"`{key}` in the module", repr(body.get(key)))
    parts = (body["namespace"], body["name"], body["provider"], body["version"])
    expect(body["id"] == "/".join(parts), "an `id` of namespace, name, provider and version", body["id"])
    expect(parts[3] == subject.version, f"`version` {subject.version}", parts[3])
    _expect_utc(body["published_at"])
    for part in (body.get("root"), *(body.get("submodules") or ())):
        expect(isinstance(part, dict), "`root` and each of `submodules` as objects", part)
        assert isinstance(part, dict)
        missing = [key for key in _PART_KEYS if key not in part]
        expect(not missing, f"the keys {', '.join(_PART_KEYS)}", f"without {', '.join(missing)}")
        defaults = [one.get("default", "") for one in part["inputs"]]
        expect(all(isinstance(one, str) for one in defaults), "`default` as JSON text in a string", defaults)


def skips_prereleases(subject: Subject) -> None:
    answer = _asked(subject, str(subject.address))
    if answer is None:
        raise NotRunError("not offered: only an API or a page says what is latest")
    found = str(as_object(answer, "the module").get("version", ""))
    try:
        is_prerelease = parse_tag(found).is_prerelease
    except InvalidVersionError:
        is_prerelease = False
    only_those = parse_tag(newest(subject.listed)).is_prerelease
    expect(not is_prerelease or only_those, "a release as the latest version", found)


def shapes_errors(subject: Subject) -> None:
    """Every error, the framework's own among them, is `{"errors": ["…"]}`."""
    asked = [
        ("an unknown module", subject.get(subject.endpoint("versions", of="no-such/module-here/aws"))),
        ("no path of ours", subject.get(subject.endpoint("no", "such", "path", "at", "all", of="a"))),
        ("a wrong method", subject.get(subject.endpoint("versions", of="a/b/c"), method="DELETE")),
    ]
    if subject.module is not None:
        asked.append(("an unknown version", subject.get(subject.endpoint(UNKNOWN_VERSION, "download"))))
        if subject.is_private:
            asked.append(("a stranger", subject.get(subject.endpoint("versions"), signed_in=False)))
    for what, answer in asked:
        expect(400 <= answer.status_code < 500, f"a 4xx for {what}", answer.status_code)
        expect(media_type(answer) == "application/json", f"JSON for {what}", media_type(answer) or "no Content-Type")
        errors = as_object(answer, f"the error for {what}").get("errors")
        held = isinstance(errors, list) and bool(errors) and all(isinstance(one, str) for one in errors)
        expect(held, f'`{{"errors": ["…"]}}` for {what}', answer.text)


def _asked(subject: Subject, path: str) -> httpx.Response | None:
    """The answer of an endpoint that may not be there: None for 404."""
    answer = subject.get(subject.modules_url.rstrip("/") + (path if path.startswith("?") else f"/{path}").rstrip("/"))
    if answer.status_code == 404:
        return None
    if answer.status_code == 401 and not subject.token:
        raise NotRunError("needs --token")
    expect(answer.status_code in {200, 302}, f"200 (or 404, not offered) for /{path}", answer.status_code)
    return answer


def _require(subject: Subject, path: str) -> httpx.Response:
    answer = _asked(subject, path)
    if answer is None:
        raise MismatchError(f"200 for {path}, as for the first page", 404)
    return answer


def _modules(answer: httpx.Response) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    body = as_object(answer, "a list of modules")
    modules, meta = body.get("modules"), body.get("meta", {})
    held = isinstance(modules, list) and all(isinstance(one, dict) and "id" in one for one in modules)
    expect(held, "a list of modules with an `id` each", answer.text)
    expect(isinstance(meta, dict), "an object in `meta`", meta)
    assert isinstance(modules, list)
    return modules, meta


def _summary(subject: Subject) -> None:
    answer = subject.get(f"/v2/modules/{subject.address}/downloads/summary")
    if answer.status_code == 404:
        return
    data = as_object(answer, "the summary of downloads").get("data", {})
    expect(data.get("type") == "module-downloads-summary", "type module-downloads-summary", data.get("type"))
    expect(isinstance(data.get("id"), str), "`id` as text", data.get("id"))
    found = sorted(data.get("attributes", {}))
    expect({"week", "month", "year", "total"} <= set(found), "week, month, year and total", found)


def _expect_utc(text: str) -> None:
    held = bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", text))
    try:
        datetime.fromisoformat(text)
    except ValueError:
        held = False
    expect(held, "`published_at` as RFC 3339 in UTC", text)
