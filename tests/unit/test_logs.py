"""Log lines: one JSON object each, with the ids that are bound, without secrets."""

import io
import json
import logging

import pytest
import structlog

from tests.log_lines import stream

__all__ = ["stream"]  # a fixture


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_event_with_fields_and_ids(stream: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(run_id="r1")

    structlog.get_logger("deploys").info("run_claimed", fence=7)

    (line,) = lines(stream)
    assert line.pop("timestamp")
    assert line == {"event": "run_claimed", "fence": 7, "run_id": "r1", "level": "info", "logger": "deploys"}


def test_libraries_look_the_same(stream: io.StringIO) -> None:
    logging.getLogger("gunicorn.error").warning("only %d files", 1024)

    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("only 1024 files", "gunicorn.error", "warning")


@pytest.mark.parametrize("name", ["password", "access_token", "Authorization", "client_secret", "kubeconfig"])
def test_what_may_never_be_logged_is_masked(stream: io.StringIO, name: str) -> None:
    structlog.get_logger("careless").info("signed_in", **{name: "hunter2"})

    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0][name] == "***"


def test_a_traceback_has_no_values(stream: io.StringIO) -> None:
    def fail(password: str) -> None:
        raise KeyError(len(password))

    try:
        fail("hunter2" * 2)
    except KeyError as error:
        structlog.get_logger("edge").error("request_failed", exc_info=error)

    assert "KeyError: 14" in stream.getvalue()
    assert "hunter2hunter2" not in stream.getvalue()


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    structlog.get_logger("chatty").debug("detail")

    assert lines(stream) == []
