"""What an S3 server or the road to it can refuse, in words for the operator: what went wrong, and what to do.

Decides what waiting may heal (StorageUnavailableError) and what it will not (StorageRefusedError). Repeats no key, no
header and no address with a query.
"""

from typing import Any

from registry.storage.port import StorageRefusedError, StorageUnavailableError

_SIGNATURE = (
    "the signature was refused: the secret key is not that of the access key, or a proxy changes the Host header or "
    "the path; give AWS_SECRET_ACCESS_KEY again, and style=path or style=virtual in the address as the server wants it"
)
_RIGHTS = (
    "it is not allowed: give key or role the rights of docs/STORAGE.md (s3:GetObject, s3:PutObject, s3:ListBucket; "
    "below incoming/ s3:DeleteObject and s3:AbortMultipartUpload), and those on the KMS key if there is one"
)
_KEYS = "the access key is unknown or has expired: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or renew the role"
_REGION = "the bucket is in another region: write it as region=… in the address"

# By the server's own code: what waiting will not heal.
_REFUSED = {
    "SignatureDoesNotMatch": _SIGNATURE,
    "InvalidAccessKeyId": _KEYS,
    "InvalidToken": _KEYS,
    "ExpiredToken": _KEYS,
    "TokenRefreshRequired": _KEYS,
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _RIGHTS,
    "NoSuchBucket": "there is no such bucket: create it, or correct its name in the address",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "RequestTimeTooSkewed": "the clocks differ by more than 15 minutes: set this machine's",
    "NotImplemented": (
        "the server does not know a part of this request: Terrasmith needs conditional writes (`If-None-Match: *`), "
        "and encryption only where the address asks for it with sse=…"
    ),
}
_FULL = frozenset({"InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "StorageFull", "InsufficientCapacity"})
# 4xx by their status, and yet passing: too much, too slow, changed on the way.
_PASSING = frozenset({"RequestTimeout", "SlowDown", "Throttling", "TooManyRequests", "BadDigest", "IncompleteBody"})
_CHANGED_ON_THE_WAY = "XAmzContentSHA256Mismatch"

# By the SDK's own class, of which each of these says that it never came to a request.
_BEFORE = {
    "NoCredentialsError": (
        "no keys were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or give this machine "
        "a role"
    ),
    "PartialCredentialsError": "half of a key was found: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together",
    "CredentialRetrievalError": "the keys could not be fetched: look at the role or the profile of this process",
    "TokenRetrievalError": "the sign-in of the profile has lapsed: sign in again",
    "SSOError": "the sign-in of the profile has lapsed: sign in again",
    "ProfileNotFound": "there is no profile of that name: correct profile=… or the file of profiles",
    "ConfigParseError": "the file of profiles cannot be read: correct it",
    "InvalidRegionError": "the region is none: correct region=… in the address",
    "SSLError": "the TLS certificate is not trusted: AWS_CA_BUNDLE names the file of your own authority",
}


def failure_of(error: Exception, name: str, doing: str) -> StorageUnavailableError:
    """Our error for one of the SDK's; `name` says which storage, `doing` what was tried."""
    response: dict[str, Any] | None = getattr(error, "response", None)
    start = f"{name[:1].upper()}{name[1:]} failed at {doing}"
    if response is None:
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _BEFORE]
        if kinds:
            return StorageRefusedError(f"{start}: {_BEFORE[kinds[0]]}.")
        return StorageUnavailableError(f"{start}: it does not answer ({type(error).__name__}).", 5.0)
    code, status = str(response.get("Error", {}).get("Code", "")), status_of(error)
    if code in _FULL or status == 507:
        return StorageUnavailableError(f"{start}: it is full ({code}): make room, or raise its quota.", 60.0)
    if code not in _REFUSED and (code in _PASSING or code == _CHANGED_ON_THE_WAY or status >= 500 or status == 429):
        # Not the server's own text: it may be anything.
        return StorageUnavailableError(f"{start}: it is ill or busy ({_named(status, code)}).", _patience(response))
    reason = _REFUSED.get(code) or _by_status(status) or f"the server refused it ({_named(status, code)})"
    return StorageRefusedError(f"{start}: {reason}.")


def status_of(error: Exception) -> int:
    """The HTTP status of an answer; 0 where there was none."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _named(status: int, code: str) -> str:
    return str(status) if code in ("", str(status)) else f"{status} {code}"


def _by_status(status: int) -> str | None:
    return {301: _REGION, 401: _KEYS, 403: f"{_RIGHTS}; or its keys are wrong"}.get(status)


def _patience(response: dict[str, Any]) -> float:
    told = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() and len(told) <= 4 else 5.0
