"""Which jobs an event causes. This table and `workers/schedule.py` are the only reasons a job ever runs."""

from dataclasses import dataclass

from core.events import (
    ArchiveDamaged,
    CommandReceived,
    DraftProved,
    Event,
    GenerationAccepted,
    InstallationChanged,
    JobDied,
    PullRequestAbandoned,
    PullRequestChanged,
    PullRequestMerged,
    QuestionAnswered,
    QuestionAsked,
    QuestionExpired,
    ReleaseMade,
    StepsChanged,
    TagAppeared,
    TagMoved,
    UploadReceived,
    VersionPublished,
)


@dataclass(frozen=True)
class Subscription:
    """One job for an event. `coalesce`: while one for the same subject has yet to start, no second one is made."""

    job: str
    coalesce: bool = False
    delay: float = 0.0  # seconds: lets a burst of events gather


SUBSCRIPTIONS: dict[type[Event], tuple[Subscription, ...]] = {
    InstallationChanged: (Subscription("bind_namespace"),),
    CommandReceived: (Subscription("acknowledge"),),
    GenerationAccepted: (Subscription("generate_module"),),
    QuestionAsked: (Subscription("announce_question"),),
    QuestionAnswered: (Subscription("generate_module"),),
    QuestionExpired: (Subscription("announce_expiry"),),
    DraftProved: (Subscription("open_pull_request"),),
    StepsChanged: (Subscription("update_comment", coalesce=True, delay=0.2),),
    PullRequestChanged: (Subscription("check_pull_request"),),
    PullRequestMerged: (Subscription("release_module"),),
    PullRequestAbandoned: (Subscription("abandon_request"),),
    TagAppeared: (Subscription("adopt_tag"),),
    ReleaseMade: (Subscription("publish_version"),),
    UploadReceived: (Subscription("judge_upload"),),
    VersionPublished: (Subscription("announce_version"),),
    TagMoved: (Subscription("report_moved_tag"),),
    ArchiveDamaged: (Subscription("report_damaged_archive"),),
    JobDied: (Subscription("report_dead_job"),),
}
