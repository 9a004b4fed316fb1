"""`/api/v1`: what a version needs, who needs a module, and which versions work with what somebody has."""

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from core.errors import UserError
from registry.api.described import Meta, Model, Page, described, page, respond
from registry.api.own.addresses import MODULE, VERSION, address
from registry.services import compatibility, dependencies
from tfmodule.address import Address
from tfmodule.files import printable


class Dependency(Model):
    """One need of one directory of a version."""

    submodule: str = Field(description="The directory that needs it, empty for the root.", examples=["modules/rules"])
    kind: str = Field(
        description="`module`: of this registry. `local`: a directory of the same version. `provider`. `terraform`: "
        "`required_version`. Anything else is a module from elsewhere: `registry`, `git`, `http`, `s3`, `gcs`, "
        "`mercurial`, `unknown`.",
        examples=["module"],
    )
    name: str = Field(examples=["network"])
    source: str = Field(description="As written; of a provider its full address.", examples=["./modules/rules"])
    constraint: str = Field(description="As written, empty where any version will do.", examples=["~> 1.2"])
    module: str | None = Field(
        description="Of a module of this registry its address, if you may read it.", examples=["acme/network/aws"]
    )
    target: str | None = Field(description="The directory that is called.", examples=["modules/rules"])
    path: str = Field(examples=["main.tf"])
    line: int = Field(examples=[12])


class Dependencies(Model):
    module: str = Field(examples=["acme/bucket/aws"])
    version: str = Field(examples=["1.2.0"])
    dependencies: list[Dependency]


class Dependant(Model):
    """One call, in one version."""

    module: str = Field(examples=["acme/shop/aws"])
    version: str = Field(examples=["3.1.0"])
    submodule: str = Field(description="The directory that calls, empty for the root.", examples=[""])
    name: str = Field(examples=["network"])
    constraint: str = Field(examples=["~> 1.2"])
    path: str = Field(examples=["main.tf"])
    line: int = Field(examples=[3])


class Dependants(Model):
    dependants: list[Dependant]
    meta: Meta


class Verdict(Model):
    """One version, and whether it works."""

    version: str = Field(examples=["1.2.0"])
    compatible: bool
    decided: bool = Field(
        description="False where it has too many constraints to decide: it is not called compatible, yet may be.",
        examples=[True],
    )
    reasons: list[str] = Field(description="Why it does not work, or why nobody can tell.", examples=[[]])
    not_followed: list[str] = Field(description="Sources elsewhere that nobody looked into.", examples=[[]])


class Compatible(Model):
    module: str = Field(examples=["acme/bucket/aws"])
    versions: list[Verdict] = Field(description="The newest hundred, newest first.")
    not_judged: int = Field(description="How many older versions nobody looked at.", examples=[0])


_Address = Annotated[Address, Depends(address)]


def needed(request: Request, module: _Address, version: Annotated[str, Path(examples=["1.2.0"])]) -> Response:
    """What a version needs: modules, providers, a Terraform; with file and line, by directory."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = dependencies.of_version(session, module, version, principal)
    body = Dependencies(
        module=str(found.address),
        version=str(found.version),
        dependencies=[
            Dependency(
                submodule=one.part,
                kind=one.kind,
                name=one.name,
                source=one.source,
                constraint=one.constraint,
                module=str(one.address) if one.address is not None else None,
                target=one.target,
                path=one.path,
                line=one.line,
            )
            for one in found.needs
        ],
    )
    return respond(request, body, public=principal is None)


def needing(request: Request, module: _Address, wanted: Annotated[Page, Depends(page)]) -> Response:
    """Which versions call a module, of those that you may read and that can be installed: by module, newest first."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = dependencies.dependants(session, module, principal, offset=wanted.offset, limit=wanted.limit + 1)
    body = Dependants(
        dependants=[
            Dependant(
                module=str(one.address),
                version=str(one.version),
                submodule=one.part,
                name=one.name,
                constraint=one.constraint,
                path=one.path,
                line=one.line,
            )
            for one in found[: wanted.limit]
        ],
        meta=wanted.meta(request, more=len(found) > wanted.limit),
    )
    return respond(request, body, public=principal is None)


def working(
    request: Request,
    module: _Address,
    terraform: Annotated[
        str | None, Query(description="A version, or a line such as `1.5`.", examples=["1.5"], max_length=100)
    ] = None,
    provider: Annotated[
        list[str] | None, Query(description="`SOURCE=VERSION`, as often as needed.", examples=[["hashicorp/aws=5"]])
    ] = None,
    submodule: Annotated[str, Query(description="Ask about this directory instead.", max_length=500)] = "",
) -> Response:
    """Which versions work with a Terraform and with providers. Of a line, it is enough that some release would do.

    The modules of this registry that a version calls count too: those that Terraform would install for it today.
    """
    principal = principal_of(request)
    providers = dict(_named(text) for text in provider or [])
    with database_of(request).read() as session:
        found = compatibility.compatible(
            session, module, principal, terraform=terraform, providers=providers, part=submodule
        )
    body = Compatible(
        module=str(module),
        versions=[
            Verdict(
                version=str(one.version),
                compatible=one.works,
                decided=one.decided,
                reasons=list(one.reasons),
                not_followed=list(one.not_followed),
            )
            for one in found.versions
        ],
        not_judged=found.not_judged,
    )
    return respond(request, body, public=principal is None)


def _named(text: str) -> tuple[str, str]:
    source, equals, version = text.partition("=")
    if not equals:
        raise UserError(f"`{printable(text)}` names no version: write for example `hashicorp/aws=5`.")
    return source, version


def routes() -> list[BaseRoute]:
    """What hangs below a module, and below a version."""
    read = Permission.READ_MODULE
    tag = "dependencies"
    return [
        described(VERSION + "/dependencies", needed, permission=read, answers=Dependencies, tag=tag, errors=(404, 410)),
        described(MODULE + "/dependants", needing, permission=read, answers=Dependants, tag=tag, errors=(404,)),
        described(MODULE + "/compatible", working, permission=read, answers=Compatible, tag=tag, errors=(404,)),
    ]
