"""`/api/v1/…/compliance`: evidence for a framework's requirements, of one version or of a namespace's newest ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from gate.compliance import framework as frameworks
from gate.compliance.evidence import Assessment, State, assess
from gate.compliance.formats import MEDIA_TYPES, Format, written
from gate.compliance.values import values
from registry.api.described import described, respond, respond_text
from registry.api.own.addresses import BASE, VERSION, address
from registry.api.own.evidence_models import Evidence
from registry.api.own.versions import chosen
from registry.services import evidence
from tfmodule.address import Address

_Framework = Annotated[frameworks.Name, Query(description="Whose requirements.")]
_Form = Annotated[Format, Query(alias="format", description="In which form.")]
_State = Annotated[State | None, Query(description="Only requirements in this state; the summary counts all.")]
_TEXTS: dict[str, Any] = {
    MEDIA_TYPES["csv"]: {"schema": {"type": "string"}, "example": '"framework","framework_version","licence"\r\n'},
    MEDIA_TYPES["markdown"]: {"schema": {"type": "string"}, "example": "# Evidence for SOC 2\n"},
}


def of_version(
    request: Request,
    wanted: Annotated[Address, Depends(address)],
    version: Annotated[str, Path(description="A version, or `latest`.", examples=["1.4.0"])],
    framework: _Framework,
    form: _Form = "json",
    state: _State = None,
) -> Response:
    """What a version's report shows of a framework's requirements. Evidence, no verdict about them."""
    with database_of(request).read() as session:
        facts = chosen(session, request, wanted, version)
    name = f"{facts.address} {facts.version}"
    answer = assess(frameworks.built_in(framework), "module", name, [evidence.of_version(facts)])
    return _told(request, replace(answer, only=state), form, public=facts.public)


def of_namespace(
    request: Request,
    namespace: Annotated[str, Path(description="The first part of an address.", examples=["acme"])],
    framework: _Framework,
    form: _Form = "json",
    state: _State = None,
) -> Response:
    """The same of the newest listed version of each of a namespace's modules, taken together."""
    with database_of(request).read() as session:
        home, subjects = evidence.of_namespace(session, namespace, principal_of(request))
    answer = assess(frameworks.built_in(framework), "namespace", home.name, subjects)
    return _told(request, replace(answer, only=state), form, public=home.is_public)


def _told(request: Request, answer: Assessment, form: Format, *, public: bool) -> Response:
    if form == "json":
        return respond(request, Evidence(**values(answer)), public=public)
    return respond_text(request, written(answer, form), MEDIA_TYPES[form], public=public)


def routes() -> list[BaseRoute]:
    """One below a version, one below a namespace."""

    def reading(path: str, endpoint: Callable[..., Response], *errors: int) -> BaseRoute:
        return described(
            path,
            endpoint,
            permission=Permission.READ_MODULE,
            answers=Evidence,
            tag="evidence",
            errors=errors,
            more={"responses": {"200": {"content": _TEXTS}}},
        )

    return [
        reading(VERSION + "/compliance", of_version, 404, 410),
        reading(BASE + "/namespaces/{namespace}/compliance", of_namespace, 404),
    ]
