"""Pages for people: what this registry is, and one page for each public module. Shows nothing that is private."""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from accounts.permissions import SignInRequiredError
from core.db import Database
from registry.services import catalog, listing
from registry.services.catalog import ModuleVersions, UnknownModuleError, VersionFacts
from tfmodule.docs import interface_tables, module_block
from tfmodule.interface import Interface
from tfmodule.version import Version
from web.edge import FORM_POLICY
from web.templating import markdown, render

_STYLE = (Path(__file__).parent / "assets" / "style.css").read_bytes()
_PER_PAGE = 100
_CACHED = {"Cache-Control": "public, max-age=10"}


async def style(_request: Request) -> Response:
    """The one style sheet."""
    return Response(_STYLE, headers={"Cache-Control": "public, max-age=300"}, media_type="text/css")


@dataclass(frozen=True)
class Pages:
    """The catalogue's pages. `host` is what stands in a module's `source`."""

    database: Database
    host: str

    def home(self, request: Request) -> Response:
        """What this is, how to use it, and a page of the modules that everybody may see."""
        offset = _offset(request.query_params.get("offset", "0"))
        with self.database.read() as session:
            found = listing.modules(session, listing.Filters(), None, offset=offset, limit=_PER_PAGE + 1)
        further = offset + _PER_PAGE if len(found) > _PER_PAGE else None
        earlier = max(offset - _PER_PAGE, 0) if offset else None
        page = _page("home.html", host=self.host, modules=found[:_PER_PAGE], further=further, earlier=earlier)
        page.headers["Content-Security-Policy"] = FORM_POLICY
        return page

    def module(self, request: Request) -> Response:
        """One public module: the `module` block, its README, its versions."""
        parts = request.path_params
        address = catalog.parse_address(parts["namespace"], parts["name"], parts["system"])
        try:
            with self.database.read() as session:
                module = catalog.versions(session, address, None)
                shown = catalog.version(session, address, parts.get("version") or str(module.latest), None)
        except SignInRequiredError:
            raise UnknownModuleError(str(address)) from None
        interface = Interface.from_dict(shown.interface)
        return _page(
            "module.html",
            module=module,
            shown=shown,
            block=_block(self.host, module, shown, interface),
            readme=markdown(shown.readme.strip() or interface_tables(interface)),
        )


def _offset(text: str) -> int:
    """Where the list begins; at its beginning for what is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def constraint(version: Version) -> str:
    """What to write for a version: all that is compatible with it, or a prerelease by its exact name."""
    return str(version) if version.is_prerelease else f"~> {version.major}.{version.minor}"


def _block(host: str, module: ModuleVersions, shown: VersionFacts, interface: Interface) -> str:
    wanted = constraint(shown.version) if shown.version == module.latest else str(shown.version)
    return module_block(host, module.address, wanted, [item for item in interface.inputs if item.required])


def _page(template: str, **values: object) -> Response:
    return Response(render(template, **values), headers=_CACHED, media_type="text/html")
