"""What the API says of an upload: how far it is, why it ended, and what was published of it."""

from typing import Any, Literal

from pydantic import Field

from registry.api.described import Model
from registry.api.own.module_models import Digests
from registry.services.uploads import Upload


class UploadedBody(Model):
    """The bytes as they came."""

    sha256: str = Field(examples=["9f2c…"])
    size: int = Field(description="Bytes.", examples=[4096])


class OneUpload(Model):
    """An archive on its way to a version."""

    id: str = Field(examples=["upl_01m9…"])
    address: str = Field(examples=["acme/bucket/aws"])
    version: str = Field(examples=["1.4.0"])
    state: Literal["received", "unpacked", "judged", "stored", "published", "refused", "failed"]
    under_way: bool = Field(description="Ask again until this is false.")
    reason: str | None = Field(description="Why it was refused, or could not be done.")
    body: UploadedBody
    left_out: int | None = Field(description="How many files of the archive do not belong to a module.", examples=[0])
    report: dict[str, Any] | None = Field(description="What the gate said, once it has; as under `findings`.")
    published: Digests | None = Field(description="The canonical archive, once it is published.")
    created_at: str = Field(examples=["2026-11-02T10:20:30.123456+00:00"])
    updated_at: str = Field(examples=["2026-11-02T10:20:34.567890+00:00"])


def shown(upload: Upload) -> OneUpload:
    """An upload as its publisher sees it."""
    published = None
    if upload.state == "published" and upload.sha256 and upload.h1 and upload.size is not None:
        published = Digests(sha256=upload.sha256, h1=upload.h1, size=upload.size)
    return OneUpload.model_validate(
        {
            "id": upload.id,
            "address": str(upload.address),
            "version": str(upload.version),
            "state": upload.state,
            "under_way": upload.under_way,
            "reason": upload.reason,
            "body": UploadedBody(sha256=upload.body_sha256, size=upload.body_size),
            "left_out": upload.left_out,
            "report": dict(upload.report) if upload.report else None,
            "published": published,
            "created_at": upload.created_at.isoformat(),
            "updated_at": upload.updated_at.isoformat(),
        }
    )
