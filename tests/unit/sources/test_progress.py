"""What git says for people, as it comes into a log."""

from app.sources.failures import fetch_failure, local_failure
from app.sources.lookup import Found
from app.sources.progress import Progress
from app.sources.refs import Refs, Wanted
from tests.fake_clock import FakeClock

FOUND = Found("https://git.example.org/acme/shop", Refs("main"), None)
WANTED = Wanted("dev", "refs/heads/dev", "")


def test_at_most_one_line_a_second_and_the_newest() -> None:
    clock, lines = FakeClock(), list[str]()
    progress = Progress(clock, lines.append)

    progress.hear(b"Receiving objects:   1% (1/100)\r")
    clock.advance(1.5)
    progress.hear(b"Receiving objects:  50% (50/100)\rReceiving objects:  60% (60")
    progress.hear(b"/100), 1.2 MiB | 5 MiB/s\r")
    clock.advance(1.5)
    progress.hear(b"remote: Compressing objects: 100%\nResolving deltas: 100% (3/3), done.\n")

    assert lines == ["Receiving objects:  50% (50/100)", "Resolving deltas: 100% (3/3), done."]


def test_what_a_remote_says_is_not_passed_on() -> None:
    clock, lines = FakeClock(), list[str]()
    progress = Progress(clock, lines.append)
    clock.advance(5)

    progress.hear(b"remote: \x1b[31mClick https://evil.example\nhint: something\n")

    assert lines == []


def test_secrets_are_blackened_and_control_characters_dropped() -> None:
    progress = Progress(FakeClock(), print, ["s3cret-token", "ada", "x"])

    assert progress.hidden("fatal: s3cret-token\x1b[0m of ada, x\n") == "fatal: ***[0m of ada, x\n"


def test_each_reason_of_git_has_its_code() -> None:
    cases = {
        "fatal: Authentication failed for 'https://x'": ("GIT_AUTH_FAILED", 400),
        "fatal: could not read Username for 'https://x': terminal prompts disabled": ("GIT_AUTH_FAILED", 400),
        "fatal: remote error: upload-pack: not our ref 123": ("BRANCH_NOT_FOUND", 404),
        "fatal: couldn't find remote ref refs/heads/dev": ("BRANCH_NOT_FOUND", 404),
        "fatal: write error: No space left on device": ("DISK_FULL", 503),
        "fatal: Out of memory, malloc failed": ("REPO_TOO_LARGE", 413),
        "error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503": ("GIT_UNREACHABLE", 502),
        "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec": ("GIT_TIMEOUT", 504),
        "fatal: early EOF\nfatal: fetch-pack: invalid index-pack output": ("GIT_CLONE_FAILED", 502),
        "": ("GIT_CLONE_FAILED", 502),
    }
    for said, (code, _) in cases.items():
        assert fetch_failure(said, FOUND, WANTED).code == code, said


def test_a_message_shows_gits_last_complaint_and_nothing_else() -> None:
    said = "From https://x\nerror: inflate: data stream error\nfatal: index-pack failed\x07\nhint: try again\n"

    assert fetch_failure(said, FOUND, WANTED).message == (
        "git.example.org didn't give out the repository: index-pack failed"
    )


def test_a_broken_repository_is_a_400_and_a_full_disk_is_not() -> None:
    assert type(local_failure("checkout", "fatal: invalid path '.git/config'")).__name__ == "UnusableSourceError"
    assert local_failure("checkout", "fatal: invalid path 'x'").message == (
        "The repository can't be unpacked: invalid path 'x'"
    )
    assert local_failure("checkout", "error: unable to write file: No space left on device").code == "DISK_FULL"
    assert local_failure("rev-parse", "").code == "BRANCH_NOT_FOUND"
