"""Addresses that open one object for a while: S3's query signature, version 4, with a beginning that we choose.

The SDK signs for the moment of the call, so its addresses differ from one call to the next; ours are the same for
everybody within a window (R17). Pure: credentials and moment come in, an address comes out.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Signer:
    """Credentials as they are right now; never printed."""

    access_key: str
    secret_key: str
    session_token: str | None
    region: str

    def __repr__(self) -> str:
        return f"Signer(region={self.region!r})"


def presigned_get(url: str, signer: Signer, begins: datetime, seconds: int) -> str:
    """`url`, an address without a query, opened for GET for so many seconds from `begins`. HEAD stays refused (R26)."""
    parts = urlsplit(url)
    stamp = f"{begins:%Y%m%dT%H%M%SZ}"
    scope = f"{stamp[:8]}/{signer.region}/s3/aws4_request"
    arguments = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{signer.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if signer.session_token is not None:
        arguments["X-Amz-Security-Token"] = signer.session_token
    # Sorted, as the server sorts it again: a client that re-orders a query breaks nothing (R21).
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(arguments.items()))
    request = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    told = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key(signer, stamp[:8]), told.encode(), hashlib.sha256).hexdigest()
    return f"{url}?{query}&X-Amz-Signature={signature}"


def _key(signer: Signer, day: str) -> bytes:
    key = f"AWS4{signer.secret_key}".encode()
    for part in (day, signer.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
