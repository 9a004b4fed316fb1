"""What people, and those who pretend to be, can say on an issue, and what Terrasmith makes of it."""

import signal

import pytest

from tests.living_system import GOOD_TF, System, Talk, until

LABELS = "/generate a label module for names and tags"


def no_generation(talk: Talk) -> None:
    """After everything has come to rest: no run began, nothing was made for this issue."""
    talk.system.rest()
    for request in talk.requests():
        assert request.target_repository is None
        assert not talk.system.rows("SELECT id FROM runs WHERE request_id = :id", id=request.id)


def silence(talk: Talk) -> None:
    """Nobody was addressed: no answer, no reaction, no row."""
    no_generation(talk)
    assert talk.answers() == []
    assert talk.requests() == []


@pytest.mark.checklist("S7", "S10", "T-36")
def test_a_stranger_is_told_politely(system: System):
    talk = system.say(LABELS, who=system.stranger)
    said = talk.answer("mallory", "write access")
    assert "Settings → Collaborators" in said
    no_generation(talk)
    reactions = system.writer.get(f"{talk.where}/issues/comments/{talk.comment_id}/reactions")
    assert [one["content"] for one in reactions] == ["eyes"]


@pytest.mark.checklist("S9")
def test_the_app_never_commands_itself(system: System):
    talk = system.open("A bot speaks", "See below.")
    installation = next(one for one in system.as_app("GET", "/app/installations") if one["account"]["login"] == "acme")
    token = system.as_app("POST", f"/app/installations/{installation['id']}/access_tokens")["token"]
    talk.comment(LABELS, who=system.visitor(token))
    no_generation(talk)
    assert talk.requests() == []
    assert talk.answers() == [LABELS]


@pytest.mark.checklist("S12")
def test_only_a_line_of_its_own_in_a_new_comment_commands(system: System):
    """Quoted, fenced, indented, inline, in the middle of a sentence; and a command that an edit brought in."""
    talk = system.open("Talk about commands", "We could comment /generate here.")
    for body in (
        f"> {LABELS}\n\nI would not.",
        f"```\n{LABELS}\n```",
        f"    {LABELS}",
        f"`{LABELS}`",
        f"Just write {LABELS}",
        f"<!--\n{LABELS}\n-->",
    ):
        talk.comment(body)
    edited = talk.comment("Nothing yet.")
    system.writer.patch(f"{talk.where}/issues/comments/{edited}", {"body": LABELS})
    silence(talk)


def test_help_for_anybody_and_a_near_miss(system: System):
    helped = system.say("/help", who=system.stranger)
    assert "/generate" in helped.answer("--repo", "--provider")
    missed = system.say("/genrate an S3 bucket")
    assert "/generate" in missed.answer("Did you mean")
    foreign = system.say("/assign @ada")
    no_generation(helped)
    no_generation(missed)
    silence(foreign)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/generate", ["What shall I generate?"]),
        ("/generate    --repo terraform-terraform-nothing", ["What shall I generate?"]),
        ("/generate a teapot with a Kafka cluster on Mars", ["S3", "SQS", "VPC"]),
        ("/generate " + "an S3 bucket, please, " * 2900, ["characters", "at most"]),
        ("/generate a label module --repo my-labels", ["terraform-<system>-<name>", "--repo"]),
        ("/generate a label module --repo other/terraform-terraform-label", ["other/terraform-terraform-label"]),
        ("/generate a label module --rpo terraform-terraform-label", ["Did you mean `--repo`"]),
    ],
    ids=["empty", "only flags", "unfitting", "64 kB", "no module name", "another organisation", "unknown flag"],
)
def test_what_cannot_be_made_gets_a_helpful_comment(system: System, said: str, told: list[str]):
    before = {one["subject"] for one in system.ledger("repository.created")}
    talk = system.say(said[:65_536])
    talk.answer(*told)
    system.rest()
    assert {one["subject"] for one in system.ledger("repository.created")} == before
    assert len(talk.answers()) == 1


@pytest.mark.checklist("S22")
def test_a_name_that_is_taken_becomes_a_question(system: System):
    """The name that the template gives itself, held by a repository that is not of our making."""
    where = "/repos/acme/terraform-terraform-label"
    if system.writer.find(where) is None:
        system.make_repository("terraform-terraform-label", {"main.tf": GOOD_TF})
    head = system.writer.get(f"{where}/git/ref/heads/main")
    talk = system.say(LABELS)
    said = talk.answer("exists already", "What shall I do?")
    assert "--repo terraform-terraform-label-2" in said
    system.rest()
    assert system.writer.get(f"{where}/git/ref/heads/main") == head
    assert system.writer.get(f"{where}/pulls", state="all") == []

    named = system.say(f"{LABELS} --repo terraform-terraform-label")
    named.answer("holds a module already")
    no_pull = system.writer.get(f"{where}/pulls", state="all")
    assert no_pull == []


def test_a_command_in_the_body_of_a_new_issue_inside_a_modules_repository(system: System):
    """The module goes where it was asked for, and whoever asked sees it there."""
    where = system.make_repository("terraform-terraform-inside")
    talk = system.open("Labels", f"We need them.\n\n{LABELS}\n", repository="acme/terraform-terraform-inside")
    talk.answer("The pull request is open")
    [pull] = system.writer.get(f"{where}/pulls")
    assert pull["user"]["type"] == "Bot"
    assert system.check_run(where, pull["head"]["sha"], "Terrasmith: module")["conclusion"] == "success"
    until(lambda: not system.writer.get(f"{where}/pulls/{pull['number']}")["draft"], "a pull request that is ready")
    reactions = system.writer.get(f"{where}/issues/{talk.number}/reactions")
    assert [one["content"] for one in reactions] == ["eyes"]


@pytest.mark.checklist("S7", "S8", "T-36")
def test_a_right_that_is_taken_between_the_comment_and_the_job(system: System):
    where = system.make_repository("desk-of-mallory")
    system.writer.put(f"{where}/collaborators/mallory", {"permission": "push"})
    worker = system.children()["worker-heavy"]
    worker.send_signal(signal.SIGSTOP)
    try:
        talk = system.say(
            f"{LABELS} --repo terraform-terraform-late", who=system.stranger, repository="acme/desk-of-mallory"
        )
        until(lambda: [one for one in talk.requests() if one.state == "generating"], "the run")
        system.writer.delete(f"{where}/collaborators/mallory")
    finally:
        worker.send_signal(signal.SIGCONT)
    talk.answer("has it no longer")
    system.rest()
    assert system.writer.find("/repos/acme/terraform-terraform-late") is None


@pytest.mark.checklist("S11", "T-36")
def test_a_right_here_is_no_right_there(system: System):
    """Who may write at their own desk cannot have Terrasmith write where they may not."""
    there = system.make_repository("terraform-terraform-there")
    here = system.make_repository("another-desk")
    system.writer.put(f"{here}/collaborators/mallory", {"permission": "push"})
    talk = system.say(f"{LABELS} --repo terraform-terraform-there", who=system.stranger, repository="acme/another-desk")
    talk.answer("no write access", "terraform-terraform-there")
    system.rest()
    assert system.writer.get(f"{there}/pulls", state="all") == []
