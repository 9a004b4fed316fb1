"""The three parts of a module's address as parameters of a path."""

from typing import Annotated

from fastapi import Path

from registry.services import catalog
from tfmodule.address import Address


async def address(
    namespace: Annotated[str, Path(description="The GitHub account that owns it.", examples=["acme"])],
    name: Annotated[str, Path(examples=["bucket"])],
    system: Annotated[str, Path(description="What it manages things on.", examples=["aws"])],
) -> Address:
    """For `Annotated[Address, Depends(address)]`. Raises UnknownModuleError for one that cannot exist."""
    return catalog.parse_address(namespace, name, system)
