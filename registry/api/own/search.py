"""`/api/v1/search`: modules by words and facts, the best first, with counts of what one could narrow it down to."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from registry.api.described import Meta, Model, Page, described, page, respond
from registry.api.own.addresses import BASE
from registry.api.own.module_models import Module, module
from registry.services import download_counts, listing
from registry.services.search import Found, Question, search


class FacetValue(Model):
    """One value that a filter could have, and how many of the modules found have it."""

    value: str = Field(examples=["aws_sqs_queue"])
    count: int = Field(examples=[12])


class Facets(Model):
    """The most frequent values first, at most twenty of each."""

    system: list[FacetValue]
    namespace: list[FacetValue]
    verified: list[FacetValue]
    provider: list[FacetValue]
    resource_type: list[FacetValue]


class SearchResult(Model):
    modules: list[Module] = Field(description="The best first.")
    meta: Meta
    total: int = Field(description="How many were found.", examples=[42])
    total_is_exact: bool = Field(description="False where there are more: only so many are ranked and counted.")
    matched: Literal["all", "corrected", "some"] = Field(
        description="Whether all words were found, some as others that are near, or not all of them."
    )
    corrections: dict[str, str] = Field(description="What was taken for what.", examples=[{"bukcet": "bucket"}])
    facets: Facets


def find(
    request: Request,
    wanted: Annotated[Page, Depends(page)],
    *,
    q: Annotated[str, Query(description="Words, beginnings of words, resource types.", examples=["sqs queue"])] = "",
    system: Annotated[str | None, Query(examples=["aws"])] = None,
    namespace: Annotated[str | None, Query(examples=["acme"])] = None,
    verified: Annotated[bool | None, Query(description="Whether the operator vouches for the namespace.")] = None,
    provider: Annotated[str | None, Query(description="A provider's source.", examples=["hashicorp/aws"])] = None,
    resource_type: Annotated[
        str | None, Query(description="A type that the module or a submodule creates.", examples=["aws_sqs_queue"])
    ] = None,
) -> Response:
    """The modules that you may read and that fit. Without words, all that fit the filters."""
    question = Question(
        text=q,
        system=system,
        namespace=namespace,
        verified=verified,
        provider=provider,
        resource_type=resource_type,
        offset=wanted.offset,
        limit=wanted.limit,
    )
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = search(session, question, principal)
        modules = listing.by_ids(session, found.module_ids, principal)
        counts = download_counts.of_modules(session, found.module_ids)
    body = SearchResult(
        modules=[module(one, counts[one.id]) for one in modules],
        meta=wanted.meta(request, more=wanted.offset + wanted.limit < found.total),
        total=found.total,
        total_is_exact=found.total_is_exact,
        matched=found.matched,
        corrections=dict(found.corrections),
        facets=_facets(found),
    )
    return respond(request, body, public=principal is None)


def _facets(found: Found) -> Facets:
    return Facets(
        **{
            name: [FacetValue(value=one.value, count=one.count) for one in values]
            for name, values in found.facets.items()
        }
    )


def routes() -> list[BaseRoute]:
    """What hangs on `/api/v1/search`."""
    return [described(BASE + "/search", find, permission=Permission.READ_MODULE, answers=SearchResult, tag="search")]
