"""The deliveries of the bench must be such as the intake believes: otherwise it would measure refusals."""

from bench import deliveries
from bot.handlers import HANDLERS
from bot.handlers.outcome import Hearing, Ignored
from bot.intake import read_json, verify

SECRET = "s" * 32


def _heard(text: str) -> object:
    handler = HANDLERS["issue_comment"]
    payload = handler.payload.model_validate(deliveries.comment(7, text, deliveries.Place()))
    return handler.handle(payload, Hearing(None))


def test_signature_and_body_are_accepted() -> None:
    request = deliveries.deliveries(80, SECRET, "hello")()
    head, _, body = request.partition(b"\r\n\r\n")
    pairs = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    headers = [(name.lower(), value) for name, value in pairs]
    verify([SECRET], headers, body)
    assert read_json(headers, body)["comment"]["body"] == "hello"


def test_every_delivery_is_new() -> None:
    make = deliveries.deliveries(80, SECRET, "hello")
    assert make() != make()


def test_a_command_is_heard_and_small_talk_is_not() -> None:
    from bench.webhook import COMMAND, SMALL_TALK

    assert callable(_heard(COMMAND))
    assert isinstance(_heard(SMALL_TALK), Ignored)


def test_the_body_is_as_large_as_githubs() -> None:
    body = deliveries.deliveries(80, SECRET, "hello")().partition(b"\r\n\r\n")[2]
    assert 6_000 < len(body) < 20_000
