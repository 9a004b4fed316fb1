"""Which repositories concern us: those named like a module's, those that declare modules, those ours went to."""

from sqlalchemy.orm import Session

from bot import declarations, requests
from bot.payloads import Repository
from tfmodule.address import Address


def concerns_us(session: Session, repository: Repository, branch: str = "") -> bool:
    """Whether pull requests, tags and checks of this repository are our business."""
    return (
        Address.from_repository(repository.owner, repository.name) is not None
        or requests.request_id_of(branch) is not None
        or declarations.declares(session, repository.id)
        or requests.is_target(session, repository.id)
    )
