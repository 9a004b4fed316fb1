"""`terrasmith healthcheck`: whether the web process of this container answers. Every container asks it all day."""

from typing import Annotated

import httpx
import typer


def healthcheck(
    url: Annotated[str, typer.Option(help="The address to ask.")] = "http://127.0.0.1:8080/livez",
) -> None:
    """Exit 0 if the web process of this container answers, 1 if not."""
    try:
        healthy = httpx.get(url, timeout=3.0).is_success
    except httpx.HTTPError as error:
        typer.echo(f"{url}: {error}", err=True)
        healthy = False
    raise typer.Exit(0 if healthy else 1)
