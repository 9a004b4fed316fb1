"""The process: it says when it is ready, ends cleanly, and a new one on the same folder goes on where it was."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_restart_keeps_the_state(start: Callable[..., Any], git: Callable[..., str], receiver: Any) -> None:
    github = start(receiver.url)
    token = github.token()
    bot = github.client(token)
    bot.post("/orgs/acme/repos", json={"name": "kept", "auto_init": True})
    sha = github.commit(bot, "acme/kept", "topic", {"a": "1\n"})
    pull = bot.post("/repos/acme/kept/pulls", json={"title": "T", "head": "topic", "base": "main"}).json()
    github.settle()
    deliveries = github.look("ledger")
    for number, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        assert github.stop(number) == code
        github.start()
        bot = github.client(token)
        assert bot.get(f"/repos/acme/kept/pulls/{pull['number']}").json()["head"]["sha"] == sha
        assert sha in git("ls-remote", f"http://x:{token}@127.0.0.1:{github.port}/acme/kept")
        assert github.look("ledger") == deliveries
        assert len(bot.get("/repos/acme/platform/issues").json()) == 1


def test_webhooks_that_were_not_sent_go_out_after_a_restart(start: Callable[..., Any], receiver: Any) -> None:
    github = start("http://127.0.0.1:9/nobody")
    github.settle()
    github.switch("app", webhook_url=receiver.url)
    github.stop(signal.SIGKILL)
    import sqlite3

    with sqlite3.connect(github.folder / "data/github.sqlite3") as database:
        database.execute("UPDATE deliveries SET pending = 1 WHERE event = 'installation'")
    database.close()
    config = github.config.read_text().replace("http://127.0.0.1:9/nobody", receiver.url)
    github.config.write_text(config)
    while not receiver.heard.empty():
        receiver.heard.get()
    github.start()
    assert receiver.next("installation", "created")["signed"]


def test_a_bad_configuration_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"app": {"id": 1}}')
    result = subprocess.run(
        [sys.executable, "-m", "simulators.github", "--data-dir", str(tmp_path / "d"), "--config", str(path)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert result.returncode == 2
    assert "app.private_key" in result.stderr
