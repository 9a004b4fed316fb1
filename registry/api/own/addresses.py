"""The address of a module, as it stands in the paths of the API."""

from typing import Annotated

from fastapi import Path

from registry.services import catalog
from tfmodule.address import Address

BASE = "/api/v1"
MODULE = BASE + "/modules/{namespace}/{name}/{system}"
VERSION = MODULE + "/versions/{version}"


async def address(
    namespace: Annotated[str, Path(description="The GitHub account that owns it.", examples=["acme"])],
    name: Annotated[str, Path(examples=["bucket"])],
    system: Annotated[str, Path(description="What it manages things on.", examples=["aws"])],
) -> Address:
    """For `Annotated[Address, Depends(address)]`. Raises UnknownModuleError for one that cannot exist."""
    return catalog.parse_address(namespace, name, system)
