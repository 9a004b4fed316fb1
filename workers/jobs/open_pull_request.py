"""A proved draft: find or make its repository, commit it in one verified commit, and open the pull request.

Safe to repeat at every line: the repository carries our request's id, the branch its name, the commit its trailer, and
the pull request is found by its branch.
"""

from bot import drafts, pull_text, replies, requests, targets
from bot.drafts import DraftView
from bot.github.commits import message_body
from bot.github.errors import RepositoryExistsError
from bot.github.gateway import InstallationClient
from bot.github.values import Pull, Repository
from bot.requests import RequestView
from core.errors import Transient, UserError
from tfmodule.address import repository_name
from workers.commenter import may_write
from workers.context import JobContext


def run(ctx: JobContext, *, request_id: str, run_id: str) -> None:
    """Repository, branch, commit, pull request; what stands already is taken as it is."""
    with ctx.write() as session:
        request = requests.resume(session, request_id, run_id)
        draft = drafts.load(session, run_id)
    if request.state not in ("generating", "proposed") or draft is None:
        return
    github = ctx.environment.github.installation(request.installation_id)
    try:
        if not may_write(github, request):
            raise UserError(replies.right_lost(request))
        repository = _repository(ctx, github, request, draft, run_id)
        pull = _prepare(github, request, draft, repository)
        with ctx.write() as session:
            # Before the pull request exists: its check must know whose it is, even if we do not live to see it.
            requests.set_target(session, request_id, repository.id, repository.full_name, repository.url)
        pull = pull or _open(github, request, draft, repository)
    except UserError as error:
        with ctx.write() as session:
            requests.refuse(session, request_id, error.message)
        return
    with ctx.write() as session:
        requests.attach_pull(session, request_id, pull.number, pull.url)


def _repository(
    ctx: JobContext, github: InstallationClient, request: RequestView, draft: DraftView, run_id: str
) -> Repository:
    with ctx.write() as session:
        requests.start_step(session, run_id, "repository")
    choice = targets.choose(request.repository, request.options.get("repo"), request.options.get("provider"))
    wanted = f"{choice.owner}/{repository_name(draft.system, draft.name)}"
    existing = github.repositories.get(wanted)
    target = targets.settle(
        choice,
        system=draft.system,
        name=draft.name,
        request_id=request.id,
        found=_found(existing) if existing else None,
    )
    if existing is not None:
        if target.ask_permission and not may_write(github, request, existing.full_name):
            raise UserError(replies.no_right_there(request, existing.full_name))
        return existing
    asked_in = github.repositories.get(request.repository)
    try:
        return github.repositories.create(
            target.owner,
            target.repository,
            targets.description(draft.title, request.id),
            # A module is as visible as the place where it was asked for; whatever cannot be told stays private.
            asked_in is None or asked_in.private,
        )
    except RepositoryExistsError:
        # Made between our look and our try, perhaps by our own earlier attempt: look again.
        raise Transient(f"{wanted} appeared while it was being made", retry_after=1.0) from None


def _prepare(github: InstallationClient, request: RequestView, draft: DraftView, repository: Repository) -> Pull | None:
    """The branch with its one commit; or the pull request, if it stands already."""
    name, branch = repository.full_name, request.branch
    base_sha = github.repositories.wait_until_ready(name)
    known = github.pulls.find(name, branch)
    if known is not None:
        return known
    _refuse_a_full_house(github, name, base_sha)
    head = github.refs.ensure_branch(name, branch, base_sha)
    if github.commits.find_request(name, branch, request.id) is None:
        github.commits.commit_files(
            name,
            branch,
            expected_head=head,
            headline=pull_text.headline(draft),
            body=message_body(pull_text.commit_body(request, draft), request.id),
            additions=draft.files,
        )
    return None


def _open(github: InstallationClient, request: RequestView, draft: DraftView, repository: Repository) -> Pull:
    return github.pulls.create(
        repository.full_name,
        branch=request.branch,
        base=repository.default_branch,
        title=pull_text.title(draft),
        body=pull_text.body(request, draft),
    )


def _refuse_a_full_house(github: InstallationClient, name: str, sha: str) -> None:
    """A repository that holds a module already is not written over: changing one is another command's work."""
    if any(path.endswith(".tf") and "/" not in path for path in github.commits.files_at(name, sha)):
        raise UserError(replies.module_exists(name))


def _found(repository: Repository) -> targets.Found:
    return targets.Found(repository.id, repository.full_name, repository.description, repository.archived)
