"""The shapes of GitHub's answers and webhook payloads, full enough to pass its own descriptions without an error."""

from .accounts import app, association, installation, organisation, user
from .commits import commit, diff_entry, git_commit, person, push_commit
from .issues import comment, issue, label, reaction, reactions
from .pulls import pull, pull_simple, review, review_comment
from .repositories import full_repository, minimal_repository, permissions, repository, webhook_repository

__all__ = [
    "app",
    "association",
    "comment",
    "commit",
    "diff_entry",
    "full_repository",
    "git_commit",
    "installation",
    "issue",
    "label",
    "minimal_repository",
    "organisation",
    "permissions",
    "person",
    "pull",
    "pull_simple",
    "push_commit",
    "reaction",
    "reactions",
    "repository",
    "review",
    "review_comment",
    "user",
    "webhook_repository",
]
