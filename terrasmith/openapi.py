"""`terrasmith openapi`: the description of the HTTP API, for generators of clients and for the repository."""

import json
import sys


def openapi() -> None:
    """Print the HTTP API as an OpenAPI 3.1 document. Needs no settings and no database."""
    from registry.api.own.table import document  # FastAPI takes half a second to load

    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
