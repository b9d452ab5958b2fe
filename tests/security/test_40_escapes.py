"""40. Terminal escapes in names come out inert: in log lines and in the demo's table."""

import io
import logging

import structlog

from launcher.states import inert
from tests.log_lines import stream

__all__ = ["stream"]  # a fixture

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x9b1m\r\n"


def test_40_a_log_line_has_no_raw_control_character(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("workflow_saved", name=HOSTILE)
    logging.getLogger("y").warning("bad name %s", HOSTILE)

    written = stream.getvalue()
    assert written.count("\n") == 2
    assert not {character for character in written if ord(character) < 0x20 and character != "\n"}


def test_40_the_demo_shows_no_raw_control_character() -> None:
    shown = inert(HOSTILE)

    assert "red" in shown
    assert not {character for character in shown if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0}
