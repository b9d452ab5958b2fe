"""bcrypt beside an event loop: other requests go on, and the queue has an end."""

import subprocess
import sys
import textwrap
import threading

from app.http.offload import offload


def test_without_gevent_it_is_a_plain_call() -> None:
    assert offload(threading.get_ident) == threading.get_ident()


def under_gevent(program: str) -> str:
    """What the program prints, in a process that is patched first of all, as the API is."""
    source = "from gevent import monkey; monkey.patch_all()\n" + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_loop_goes_on_while_threads_of_its_own_work() -> None:
    printed = under_gevent("""
        import time, bcrypt, gevent, gevent.monkey
        from app.http.offload import offload
        stalls, salt = [], bcrypt.gensalt(10)
        def probe():
            while True:
                begun = time.monotonic()
                gevent.sleep(0.001)
                stalls.append(time.monotonic() - begun)
        probing = gevent.spawn(probe)
        begun = time.monotonic()
        work = [gevent.spawn(offload, bcrypt.hashpw, b"password", salt) for _ in range(16)]
        gevent.joinall(work, raise_error=True)
        took = time.monotonic() - begun
        assert len({job.value for job in work}) == 1
        print(len(stalls) / (took / 0.001))
    """)

    # In the loop itself the probe would run once between two hashes: 16 times in all.
    assert float(printed) > 0.1, "the loop must turn all the time"


def test_work_runs_on_two_threads_that_are_not_the_hubs() -> None:
    printed = under_gevent("""
        import gevent
        from gevent.monkey import get_original
        from app.http.offload import offload
        ident, sleep = get_original("_thread", "get_ident"), get_original("time", "sleep")
        def work():
            sleep(0.02)
            return ident()
        jobs = [gevent.spawn(offload, work) for _ in range(10)]
        gevent.joinall(jobs, raise_error=True)
        hubs = gevent.get_hub().threadpool.apply(ident)
        threads = {job.value for job in jobs}
        print(len(threads), hubs in threads, ident() in threads)
    """)

    assert printed == "2 False False"


def test_the_queue_is_bounded_and_has_room_again_afterwards() -> None:
    printed = under_gevent("""
        import gevent
        from gevent.monkey import get_original
        from app.errors import TooManyRequestsError
        from app.http.offload import THREADS, WAITING_AT_MOST, offload
        sleep = get_original("time", "sleep")
        def one():
            try:
                offload(sleep, 0.01)
            except TooManyRequestsError as error:
                return error.retry_after_s
        jobs = [gevent.spawn(one) for _ in range(THREADS + WAITING_AT_MOST + 5)]
        gevent.joinall(jobs, raise_error=True)
        refused = [job.value for job in jobs if job.value]
        print(len(refused), min(refused) >= 1, one())
    """)

    assert printed == "5 True None"


def test_an_exception_comes_back_and_leaves_room() -> None:
    printed = under_gevent("""
        from app.http.offload import THREADS, WAITING_AT_MOST, offload
        said = set()
        for _ in range(THREADS + WAITING_AT_MOST + 5):
            try:
                offload(int, "x")
            except ValueError as error:
                said.add(type(error).__name__)
        print(said)
    """)

    assert printed == "{'ValueError'}"
