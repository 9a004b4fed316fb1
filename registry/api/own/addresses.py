"""The paths of the API, and the address of a module as it stands in them."""

from registry.api.module_address import address

__all__ = ["BASE", "MODULE", "VERSION", "address"]

BASE = "/api/v1"
MODULE = BASE + "/modules/{namespace}/{name}/{system}"
VERSION = MODULE + "/versions/{version}"
