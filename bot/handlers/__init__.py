"""The table of webhook events: what GitHub may tell us, the body it has, and who reads it. Anything else is ignored."""

from collections.abc import Mapping

from bot import payloads
from bot.handlers import (
    check_run,
    check_suite,
    create,
    installation,
    issue_comment,
    issues,
    nothing,
    pull_request,
    push,
    release,
)
from bot.handlers.outcome import Handler

HANDLERS: Mapping[str, Handler] = {
    "check_run": Handler(payloads.CheckRunPayload, check_run.handle),
    "check_suite": Handler(payloads.CheckSuitePayload, check_suite.handle),
    "create": Handler(payloads.CreatePayload, create.handle),
    "installation": Handler(payloads.InstallationPayload, installation.handle),
    "installation_repositories": Handler(payloads.InstallationRepositoriesPayload, installation.handle_repositories),
    "installation_target": Handler(payloads.InstallationTargetPayload, installation.handle_target),
    "issue_comment": Handler(payloads.IssueCommentPayload, issue_comment.handle),
    "issues": Handler(payloads.IssuesPayload, issues.handle),
    "ping": Handler(payloads.PingPayload, nothing.handle),
    "pull_request": Handler(payloads.PullRequestPayload, pull_request.handle),
    "push": Handler(payloads.PushPayload, push.handle),
    "release": Handler(payloads.ReleasePayload, release.handle),
    "repository": Handler(payloads.RepositoryPayload, nothing.handle),
}

# These arrive at every app; they cannot be asked for in the manifest.
ALWAYS_SENT = frozenset({"installation", "installation_repositories", "installation_target", "ping"})
