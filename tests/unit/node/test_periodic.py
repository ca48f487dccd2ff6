"""What runs again and again in a thread of its own: when it is due, woken, ended and stopped."""

import threading

from node.periodic import PeriodicTask

WAIT_S = 60
NEVER_S = 3_600.0


def test_it_runs_again_until_it_is_stopped_and_stopping_waits_for_no_interval() -> None:
    runs, enough = [0], threading.Event()

    def run() -> None:
        runs[0] += 1
        if runs[0] == 3:
            enough.set()

    task = PeriodicTask(run, name="counted", interval_s=0.001)
    task.start()
    assert enough.wait(WAIT_S)
    task.stop()
    seen = runs[0]
    assert (task.has_ended, "counted" in [one.name for one in threading.enumerate()]) == (True, False)
    assert runs[0] == seen

    unborn = PeriodicTask(run, name="waiting", interval_s=0.001, first_s=NEVER_S)
    unborn.start()
    unborn.stop()
    assert runs[0] == seen


def test_what_is_due_earlier_or_woken_does_not_wait_for_its_interval() -> None:
    due, runs = iter([0.0, None, None]), threading.Semaphore(0)

    def run() -> float | None:
        runs.release()
        return next(due)

    task = PeriodicTask(run, name="due", interval_s=NEVER_S)
    task.start()
    assert runs.acquire(timeout=WAIT_S)
    assert runs.acquire(timeout=WAIT_S)
    task.wake()
    assert runs.acquire(timeout=WAIT_S)
    task.stop()
    assert next(due, "all") == "all"


def test_what_is_told_while_it_runs_counts_for_the_next_run() -> None:
    begun, may_go_on, again = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        if begun.is_set():
            again.set()
        begun.set()
        assert may_go_on.wait(WAIT_S)

    task = PeriodicTask(run, name="told", interval_s=NEVER_S)
    task.start()
    assert begun.wait(WAIT_S)
    task.wake()
    may_go_on.set()
    assert again.wait(WAIT_S)
    task.stop()


def test_it_can_end_itself() -> None:
    runs: list[str] = []

    def run() -> None:
        runs.append("once")
        task.end()

    task = PeriodicTask(run, name="once", interval_s=0.0)
    task.start()
    task._thread.join(WAIT_S)
    assert runs == ["once"]
    task.stop()
