"""The living comment: one comment for each request, drawn from its steps, the same text for the same values.

Renders; reads no clock, so that two drawings differ only when something moved.
"""

from datetime import timedelta

from bot.conversations import SILENCE, Conversation
from bot.markdown import code, defuse, fit, folded, one_line, quote, shorten, visible
from bot.requests import RequestView, StepView

_TICKS = {"done": "✅", "running": "⏳", "pending": "⬜", "failed": "❌", "skipped": "➖"}
_HEADINGS = {
    "received": "👀 I have seen it",
    "answered": "✅ Answered",
    "generating": "⏳ Working on it",
    "waiting": "❓ I have a question",
    "expired": "💤 Nobody answered",
    "proposed": "✅ The pull request is open",
    "merged": "⏳ Merged, on its way to the registry",
    "published": "🎉 Published",
    "failed": "❌ That did not work",
    "refused": "✋ I cannot do that",
    "abandoned": "➖ Closed without a merge",
}


def marker(request_id: str) -> str:
    """The hidden line by which our app finds its comment again. It proves nothing without our authorship."""
    return f"<!-- terrasmith:request:{request_id} -->"


def render(request: RequestView, talk: Conversation = SILENCE) -> str:
    """The whole comment, never longer than GitHub takes."""
    return fit(lambda limit: _render(request, talk, limit))


def _render(request: RequestView, talk: Conversation, limit: int) -> str:
    parts = [f"### {_heading(request)}", _what_next(request), *_question(request, talk, limit)]
    if request.reason:
        parts.append(defuse(request.reason, limit))
    if request.run is not None:
        parts.append("\n".join(_step(step, request.reason) for step in request.run.steps))
        if request.run.number > 1:
            parts.append(f"This is attempt {request.run.number}.")
    parts += [_brief(request, talk, limit), _answers(talk, limit)]
    parts += [_asked(request, limit), _notes(request), marker(request.id)]
    return "\n\n".join(part for part in parts if part)


def _heading(request: RequestView) -> str:
    running = next((step for step in request.run.steps if step.state == "running"), None) if request.run else None
    if request.state == "generating" and running is not None:
        return f"⏳ {running.title}"
    if request.state == "merged" and request.reason:
        return "❌ Merged, but not published"
    return _HEADINGS.get(request.state, request.state)


def _what_next(request: RequestView) -> str:
    if request.state == "proposed" and request.pull_number is not None:
        return "Review it and merge it when you like it; merging publishes the module."
    if request.state == "abandoned":
        return "Reopen the pull request to go on."
    if request.state == "expired":
        return "Ask again in a new comment whenever you like, with the answer in it."
    return ""


def _question(request: RequestView, talk: Conversation, limit: int) -> list[str]:
    asked = talk.open
    if request.state != "waiting" or asked is None:
        return []
    how = (
        "To answer, quote the question in a new comment and write below it, or comment `/generate answer …`. "
        f"{code(request.author_login)} may, and everybody with write access here, until {asked.expires_at:%d %B %Y}."
    )
    return [f"**{one_line(asked.text, min(limit, 600))}**", how]


def _brief(request: RequestView, talk: Conversation, limit: int) -> str:
    if talk.brief is None:
        return ""
    text = defuse(shorten(talk.brief.shown, limit))
    return text if request.state == "waiting" else folded("The brief: what I understood, and what will be tested", text)


def _answers(talk: Conversation, limit: int) -> str:
    most = min(limit, 600)
    return "\n".join(
        f"- {one_line(one.text, most)} {code(one.answered_by or '')}: {one_line(one.answer or '', most)}"
        for one in talk.answered
    )


def _step(step: StepView, reason: str | None) -> str:
    title = step.title
    if step.url and _is_link(step.url):
        title = f"[{title}]({step.url})"
    # The reason of the whole request stands above already.
    told = step.detail is not None and step.detail != reason
    detail = f" · {one_line(step.detail or '', 200)}" if told else ""
    return f"- {_TICKS.get(step.state, '⬜')} {title}{detail}{_elapsed(step)}"


def _elapsed(step: StepView) -> str:
    if step.state == "running" and step.started_at is not None:
        return f" <sub>since {step.started_at:%H:%M} UTC</sub>"
    if step.started_at is None or step.finished_at is None or step.finished_at - step.started_at < timedelta(seconds=1):
        return ""
    return f" <sub>{duration(step.finished_at - step.started_at)}</sub>"


def duration(elapsed: timedelta) -> str:
    """`12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    seconds = max(int(elapsed.total_seconds()), 0)
    for unit, name, below, below_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            rest = seconds % unit // below
            return f"{seconds // unit} {name} {rest} {below_name}" if rest else f"{seconds // unit} {name}"
    return f"{seconds} s"


def _asked(request: RequestView, limit: int) -> str:
    if not request.prompt:
        return ""
    text = shorten(visible(request.prompt), limit)
    quoted = quote(text)
    return quoted if len(text) <= 400 and text.count("\n") < 6 else folded("What was asked", quoted)


def _notes(request: RequestView) -> str:
    notes = []
    if request.options.get("more"):
        notes.append(
            "There was more than one command in that comment; I obey the first. Write a new comment for the next."
        )
    if request.options.get("hidden"):
        notes.append(f"I removed {int(request.options['hidden'])} invisible characters from the request.")
    return "\n".join(f"<sub>{note}</sub>" for note in notes)


def _is_link(url: str) -> bool:
    return url.startswith(("http://", "https://")) and not set(url) & set(' ()<>[]\\\n`"')
