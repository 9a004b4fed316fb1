"""The page that searches: public modules by words and facts, every count a link that narrows. Shows nothing private."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.db import Database
from registry.services import listing
from registry.services.search import MOST_FOUND, Question, search
from web.edge import FORM_POLICY
from web.templating import render

_PER_PAGE = 20
_FACETS = {
    "system": "System",
    "namespace": "Namespace",
    "verified": "Verified",
    "provider": "Provider",
    "resource_type": "Creates",
}
_HEADERS = {"Cache-Control": "public, max-age=10", "Content-Security-Policy": FORM_POLICY}


@dataclass(frozen=True)
class SearchPage:
    database: Database

    def show(self, request: Request) -> Response:
        """What was found for the query, a page of it, and what it could be narrowed to."""
        asked = {name: value for name in ("q", *_FACETS) if (value := request.query_params.get(name))}
        offset = _offset(request.query_params.get("offset", ""))
        with self.database.read() as session:
            found = search(session, _question(asked, offset), None)
            modules = listing.by_ids(session, found.module_ids, None)

        def link(**changed: str | int | None) -> str:
            return "/search?" + urlencode({name: value for name, value in {**asked, **changed}.items() if value})

        page = render(
            "search.html",
            found=found,
            modules=modules,
            asked=asked,
            link=link,
            facets=_FACETS,
            further=offset + _PER_PAGE if offset + _PER_PAGE < found.total else None,
            earlier=max(offset - _PER_PAGE, 0) if offset else None,
        )
        return Response(page, headers=_HEADERS, media_type="text/html")


def _question(asked: dict[str, str], offset: int) -> Question:
    return Question(
        text=asked.get("q", ""),
        system=asked.get("system"),
        namespace=asked.get("namespace"),
        verified={"true": True, "false": False}.get(asked.get("verified", "")),
        provider=asked.get("provider"),
        resource_type=asked.get("resource_type"),
        offset=offset,
        limit=_PER_PAGE,
    )


def _offset(text: str) -> int:
    """Where the page begins; at the beginning for what is no number, or beyond what is ever found."""
    return min(int(text), MOST_FOUND) if text.isascii() and text.isdigit() and len(text) < 10 else 0
