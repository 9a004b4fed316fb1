"""An archive was uploaded: read it, have the gate judge it, store the canonical archive, publish the version.

Safe to repeat: each state is written once its work is done and kept when the job begins anew; the archive is stored
under its digest, the version is unique, and staged bytes go only after the upload is settled.
"""

from core import log
from core.errors import UserError
from gate.report import Report
from registry.services import archive_claims, publishing, resolving, staging, steps, uploads
from registry.services.publishing import PreparedArchive, PublishVersion
from registry.services.uploads import PublisherGoneError, Upload
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry
from tfmodule.contents import Contents
from workers import calls, governing
from workers.context import JobContext
from workers.governing import Way
from workers.judging import judge_entries, unreadable
from workers.origins import origin_of_upload

logger = log.get_logger(__name__)

_FIX = "Leave it out, and pack the archive again."
_ANEW = "Pack the module again, as one whole .tar.gz."


def run(ctx: JobContext, *, upload_id: str) -> None:
    """Take the upload as far as it goes. A refusal is the publisher's; that we cannot judge is ours, and is raised."""
    with ctx.write() as session:
        upload = uploads.resume(session, upload_id)
    if upload.under_way:
        try:
            _work(ctx, upload)
        except PublisherGoneError as error:
            _refuse(ctx, upload, error.message)
    # Only here, where the upload is settled: a failure above leaves the bytes for the next try.
    ctx.environment.storage.discard(upload.staging_key)


def _work(ctx: JobContext, upload: Upload) -> None:
    with ctx.read() as session:
        profile = uploads.require_publisher(session, upload).upload_profile
    try:
        entries, prepared = staging.canonical(ctx.environment.storage, upload.staging_key)
    except ArchiveError as error:
        _refuse(ctx, upload, error.message, unreadable(profile, error, _FIX, _ANEW))
        return
    if upload.state == "received":
        left_out = len(entries) - len(staging.module_of(entries))
        with ctx.write() as session:
            uploads.note_unpacked(
                session, upload.id, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size, left_out=left_out
            )
    report = _judged(ctx, upload, entries, profile)
    if report is not None:
        _publish(ctx, upload, report, staging.module_of(entries), prepared)


def _judged(ctx: JobContext, upload: Upload, entries: tuple[Entry, ...], profile: str) -> Report | None:
    """The report of a module that passed, of this try or of an earlier one; None where it was refused.

    What an earlier try said is no use any more where the organisation's policies changed since.
    """
    if upload.state in ("judged", "stored"):
        assert upload.report is not None, "nothing is judged without a report"
        earlier = Report.from_dict(upload.report)
        with ctx.read() as session:
            if governing.holds(session, upload.address, earlier):
                return earlier
    way = Way("upload", f"token:{upload.token_id}")
    report = judge_entries(ctx, entries, profile, upload.address, upload.version, way)
    if report.verdict == "undecided":
        reason = _why(report, "warning") or "Nobody could judge it."
        with ctx.write() as session:
            uploads.fail(session, upload.id, reason, report.to_dict())
        raise UserError(f"The upload {upload.id} could not be judged: {reason}")
    if not report.passed:
        _refuse(ctx, upload, _why(report, "error"), report)
        return None
    with ctx.write() as session:
        uploads.note_judged(session, upload.id, report.to_dict())
    return report


def _publish(
    ctx: JobContext, upload: Upload, report: Report, module: tuple[Entry, ...], prepared: PreparedArchive
) -> None:
    with ctx.write() as session:
        claim = archive_claims.claim(session, prepared.sha256)
    publishing.store(ctx.environment.storage, prepared)
    if upload.state != "stored":
        with ctx.write() as session:
            uploads.note_stored(session, upload.id)
    files = {entry.path: entry.data for entry in module}
    contents, needs = Contents.from_files(files), calls.needs(ctx, module)
    try:
        with ctx.write() as session:
            # Asked again in the transaction that publishes: the gate took a while.
            namespace = uploads.require_publisher(session, upload)
            version = PublishVersion(
                address=Address(namespace.name, upload.address.name, upload.address.system),
                version=upload.version,
                account_id=namespace.account_id,
                sha256=prepared.sha256,
                h1=prepared.h1,
                size=prepared.size,
                contents=contents,
                needs=needs,
                report=report.to_dict(),
                origin=origin_of_upload(report),
                actor=f"token:{upload.token_id}",
                claim=claim,
            )
            governing.require(session, version.address, report)
            resolving.require(session, version.address, version.version, needs)
            uploads.note_published(session, upload.id, publishing.publish(session, version))
            steps.use(session, version.address, version.version)
    except PublisherGoneError:
        raise
    except UserError as error:
        _refuse(ctx, upload, error.message)


def _refuse(ctx: JobContext, upload: Upload, reason: str, report: Report | None = None) -> None:
    logger.info("an upload is refused", upload=upload.id, module=str(upload.address), version=str(upload.version))
    with ctx.write() as session:
        uploads.refuse(session, upload.id, reason, report.to_dict() if report else None)


def _why(report: Report, severity: str) -> str:
    """The first finding of this severity in one line, and how many there are."""
    found = [finding for finding in report.ordered if finding.severity == severity]
    if not found:
        return ""
    place = f" ({found[0].place})" if found[0].place else ""
    more = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return f"{found[0].message}{place}{more}"
