"""The job engine under fire: real processes, a real Valkey, kill -9 and worse. Each job ends, with one effect."""

import os
import pickle
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from core import jobs, outbox
from core.events import StepsChanged


@pytest.mark.checklist("F-01")
def test_F01_a_worker_killed_right_after_dequeue_loses_nothing(engine: Any) -> None:
    engine.start("relay")
    trapped = engine.start("quick", trap="after_dequeue")
    engine.add("one")
    engine.until(lambda: bool(engine.lines("killed")), 20, "the trap")
    trapped.wait(timeout=10)
    engine.start("quick")
    engine.settle(1)
    assert engine.effects("one") == 1


@pytest.mark.checklist("F-02")
def test_F02_the_horse_dies_with_its_parent(engine: Any) -> None:
    engine.start("relay")
    worker = engine.start("quick")
    engine.add("one", seconds=6)
    engine.until(lambda: bool(engine.lines("start")), 20, "the horse")
    horse = int(engine.lines("start")[0].split()[2])
    worker.kill()
    engine.until(lambda: not engine.alive(horse), 5, "the horse's death")
    engine.start("quick")
    engine.settle(1)
    assert engine.effects("one") == 1
    assert len(engine.lines("start")) == 2


@pytest.mark.checklist("F-02")
def test_F02_an_orphan_that_lives_on_is_fenced(engine: Any) -> None:
    engine.start("relay")
    worker = engine.start("quick", trap="untied")
    engine.add("one", seconds=7)
    engine.until(lambda: bool(engine.lines("start")), 20, "the horse")
    horse = int(engine.lines("start")[0].split()[2])
    worker.kill()
    worker.wait(timeout=10)
    # The orphan keeps its lease alive while it runs; it must lose it to be overtaken, as a paused one does.
    os.kill(horse, signal.SIGSTOP)
    engine.start("quick")
    engine.until(lambda: len(engine.lines("start")) == 2, 20, "the second attempt")
    os.kill(horse, signal.SIGCONT)
    engine.settle(1)
    engine.until(lambda: not engine.alive(horse), 15, "the orphan's end")
    assert engine.effects("one") == 1
    assert engine.lines("fenced") == ["fenced one FencedError"]


@pytest.mark.checklist("F-05")
def test_F05_redis_down_while_work_arrives(engine: Any) -> None:
    engine.valkey.stop()
    engine.start("relay")
    for number in range(30):
        engine.add(f"job{number}")
    engine.valkey.start()
    engine.start("quick")
    engine.settle(30)
    assert engine.effects() == 30


@pytest.mark.checklist("F-06")
def test_F06_flushall_again_and_again(engine: Any) -> None:
    engine.start("relay")
    engine.start("quick")
    engine.start("quick")
    client = engine.valkey.client()
    for number in range(40):
        engine.add(f"job{number}")
        if number % 8 == 0:
            client.flushall()
            time.sleep(0.3)
    client.flushall()
    client.close()
    engine.settle(40, seconds=60)
    assert engine.effects() == 40


@pytest.mark.checklist("F-06")
def test_F06_a_valkey_that_dies_and_comes_back_empty(engine: Any) -> None:
    engine.start("relay")
    engine.start("quick")
    for number in range(10):
        engine.add(f"job{number}", seconds=0.2)
    engine.until(lambda: bool(engine.lines("end")), 20, "the first effect")
    engine.valkey.stop()
    time.sleep(1)
    engine.valkey.start()
    engine.start("quick")  # a worker ends with its Redis; the supervisor starts another
    engine.settle(10)
    assert engine.effects() == 10


@pytest.mark.checklist("F-11")
def test_F11_a_paused_worker_that_wakes_up_writes_nothing(engine: Any) -> None:
    engine.start("relay")
    engine.start("quick")
    engine.add("one", seconds=2)
    engine.until(lambda: bool(engine.lines("start")), 20, "the horse")
    _, _, horse, parent, _ = engine.lines("start")[0].split()
    os.kill(int(parent), signal.SIGSTOP)
    os.kill(int(horse), signal.SIGSTOP)
    engine.start("quick")
    engine.until(lambda: engine.effects("one") == 1, 30, "the second worker's effect")
    os.kill(int(horse), signal.SIGCONT)
    os.kill(int(parent), signal.SIGCONT)
    engine.until(lambda: bool(engine.lines("fenced")), 20, "the first one to be fenced")
    engine.settle(1)
    assert engine.effects("one") == 1


def test_sigterm_lets_the_running_job_end(engine: Any) -> None:
    engine.start("relay")
    worker = engine.start("quick")
    engine.add("one", seconds=2)
    engine.add("two")
    engine.until(lambda: bool(engine.lines("start one")), 20, "the horse")
    worker.terminate()
    assert worker.wait(timeout=15) == 0
    assert engine.effects("one") == 1
    assert engine.lines("start two") == []
    engine.start("quick")
    engine.settle(2)
    assert engine.effects("two") == 1


@pytest.mark.checklist("F-21")
def test_F21_a_poison_job_is_parked_and_its_siblings_work(engine: Any) -> None:
    job = engine.add("poison", kind="poison")
    engine.has_been_tried(job, jobs.MAX_ATTEMPTS - 4)
    engine.add("sibling")
    engine.start("relay")
    engine.start("quick")

    def parked() -> bool:
        with engine.database.read() as session:
            view = jobs.view(session, job)
            return view is not None and view.state == jobs.DEAD

    engine.until(parked, 60, "the dead letter", engine.states)
    assert len(engine.lines("start poison")) == 4
    assert engine.effects("sibling") == 1


@pytest.mark.checklist("T-38")
def test_T38_no_name_from_redis_is_ever_called(engine: Any, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    client = engine.valkey.client()
    queue = Queue("quick", connection=client, serializer=JSONSerializer)
    queue.enqueue_call("os.system", args=(f"touch {marker}",))
    queue.enqueue_call("workers.execution.execute", args=(f"touch {marker}",))
    own = queue.enqueue_call("workers.execution.execute", args=(999,))
    client.hset(own.key, mapping={"success_callback_name": "os.system", "failure_callback_name": "os.system"})
    engine.start("relay")
    engine.start("quick")
    engine.add("after")
    engine.settle(1)
    client.close()
    assert engine.effects("after") == 1
    assert not marker.exists()


@pytest.mark.checklist("F-07")
def test_F07_a_valkey_that_hangs_does_not_hang_the_relay(engine: Any) -> None:
    relay = engine.start("relay")
    engine.start("quick")
    engine.add("before")
    engine.settle(1)
    engine.valkey.signal(signal.SIGSTOP)
    with engine.database.unit_of_work() as session:
        outbox.record(session, StepsChanged(request_id="none"))

    def expanded() -> bool:
        with engine.database.read() as session:
            return any(view.name == "update_comment" for view in jobs.views(session))

    engine.until(expanded, 30, "the relay to go on without an answer from Valkey")
    engine.valkey.signal(signal.SIGCONT)
    assert relay.poll() is None


@pytest.mark.checklist("T-38")
def test_T38_a_pickle_in_the_queue_is_not_opened(engine: Any, tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.system, (f"touch {marker}",))

    client = engine.valkey.client()
    payload = pickle.dumps(("workers.execution.execute", None, (Bomb(),), {}))
    client.hset(
        "rq:job:evil",
        mapping={"data": payload, "origin": "quick", "created_at": "2026-11-23T00:00:00.000000Z", "status": "queued"},
    )
    client.lpush("rq:queue:quick", "evil")
    engine.start("relay")
    engine.start("quick")
    engine.start("quick")
    engine.add("after")
    engine.settle(1)
    client.close()
    assert engine.effects("after") == 1
    assert not marker.exists()
