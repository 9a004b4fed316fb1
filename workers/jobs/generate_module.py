"""An accepted request: make a brief of it, write the module and prove it. The draft is kept, so that whatever follows
spends nothing. Where the brief lacks something that matters, people are asked, and the job ends.

Safe to repeat: a run that has its brief or its draft goes straight on.
"""

from collections.abc import Callable
from dataclasses import asdict, replace

from bot import drafts, replies, requests, targets
from bot.requests import RequestView
from core.errors import UserError
from gate.formatting import formatter
from generator.loop import generate
from generator.request import Ask, Draft, RefusedDraftError
from generator.spending import AwayError
from workers import briefing
from workers.commenter import may_write, payer
from workers.context import JobContext


def run(ctx: JobContext, *, request_id: str, run_id: str) -> None:
    """Ask the generator; tell each stage; keep what passed, or say why there is nothing."""
    with ctx.write() as session:
        request = requests.resume(session, request_id, run_id)
        stored = drafts.load(session, run_id)
    if request.state != "generating":
        return
    if stored is None:
        try:
            draft = _write(ctx, request, run_id)
            if draft is None:
                return
        except AwayError as error:
            with ctx.write() as session:
                requests.start_step(session, run_id, "write", f"Waiting for Claude. {error.message}")
            raise  # the job is put back, and goes on by itself
        except RefusedDraftError as error:
            tried = [one.to_dict() for one in error.trajectory]
            with ctx.write() as session:
                requests.fail(session, request_id, replies.refused_draft(error.report, tried))
            return
        except UserError as error:
            with ctx.write() as session:
                requests.refuse(session, request_id, error.message)
            return
        with ctx.write() as session:
            drafts.store(session, run_id, _view(draft))
    with ctx.write() as session:
        requests.proved(session, request_id, run_id)


def _write(ctx: JobContext, request: RequestView, run_id: str) -> Draft | None:
    """The module; None where people must answer first, and the answer makes this job anew."""
    github = ctx.environment.github.installation(request.installation_id)
    if not may_write(github, request):
        raise UserError(replies.right_lost(request))
    choice = targets.choose(request.repository, request.options.get("repo"), request.options.get("provider"))
    known = briefing.understood(ctx, github, request, choice)
    if known is None:
        return None
    ask = Ask(
        prompt=known.prompt,
        name=choice.name,
        system=choice.system or known.brief.system,
        namespace=choice.owner,
        registry_host=ctx.environment.settings.registry_host,
        brief=known.brief,
    )
    draft = generate(
        ask,
        writer=ctx.environment.writer(ctx.write, payer(request)),
        judge=ctx.environment.judge("house"),
        progress=_progress(ctx, run_id),
        formatter=formatter(ctx.environment.engine),
        compare=ctx.environment.prove,
    )
    # Who reads the pull request must find there what was decided before the module was written.
    return replace(draft, assumptions=tuple(dict.fromkeys((*known.brief.assumptions, *draft.assumptions))))


def _progress(ctx: JobContext, run_id: str) -> Callable[[str, str], None]:
    def tell(stage: str, text: str) -> None:
        with ctx.write() as session:
            if stage == "write":
                requests.finish_step(session, run_id, "read")
                requests.start_step(session, run_id, "write", text)
            else:
                requests.finish_step(session, run_id, "write")
                requests.start_step(session, run_id, "prove", text)

    return tell


def _view(draft: Draft) -> drafts.DraftView:
    return drafts.DraftView(
        name=draft.name,
        system=draft.system,
        title=draft.title,
        summary=draft.summary,
        assumptions=draft.assumptions,
        source=draft.source,
        files=draft.files,
        report=draft.report,
        usage=asdict(draft.usage) if draft.usage else None,
        instructions_sha256=draft.instructions_sha256,
        trajectory=tuple(one.to_dict() for one in draft.trajectory),
    )
