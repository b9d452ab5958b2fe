"""A toy shell: a few commands over a container's made-up environment and files. Never touches the host. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SHELLS: Final = ("sh", "bash", "ash")
_FIXED: Final = {
    "true": "",
    "cd": "",
    "pwd": "/\n",
    "whoami": "root\n",
    "id": "uid=0(root)\n",
    "uname": "Linux practice\n",
}
BUILT_IN: Final = frozenset(
    {*SHELLS, *_FIXED, "echo", "cat", "ls", "env", "false", "sleep", "exit", "hostname", "help"}
)
_STEPS_MOST, _OUTPUT_MOST = 200, 64 * 1024
_ENDLESS: Final = re.compile(r"\bwhile\s+(true|:)|\btail\s+-[fF]|\bsleep\s+(infinity|inf)\b")
_NOISE: Final = re.compile(r"\bwhile\b.*?;\s*do\b|\bdone\b|\btail\s+-[fF].*|\d>+\s*&?\S+", re.DOTALL)
"""Loops run once, and complaints are always seen."""
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+|\?))")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process finds where it runs."""

    hostname: str
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Ended:
    """What came of it."""

    output: str = ""
    code: int = 0
    seconds: float = 0.0
    is_endless: bool = False
    has_exited: bool = False


def run(argv: Sequence[str], around: Surroundings) -> Ended:
    """A command as a container or an exec has it: `sh -c script`, or a program with arguments."""
    ended = Ended()
    if argv[0].rpartition("/")[2] not in SHELLS:
        _command(list(argv), around, ended)
    elif len(argv) > 2 and "c" in argv[1]:
        run_script(argv[2], around, ended)
    return ended


def run_script(script: str, around: Surroundings, ended: Ended) -> None:
    """Commands joined by lines, `;`, `&&`, `||`; what comes out is added to `ended`."""
    ended.is_endless = bool(_ENDLESS.search(script))
    try:
        lexer = shlex.shlex(_NOISE.sub("", script).replace("\n", ";"), posix=False, punctuation_chars=";&|")
        lexer.whitespace_split = True
        tokens = list(lexer)[:_STEPS_MOST]
    except ValueError:
        ended.output, ended.code = f"{ended.output}sh: syntax error: unterminated quoted string\n", 2
        return
    words, joined = list[str](), ";"
    for token in [*tokens, ";"]:
        if not set(token) <= set(";&|"):
            words.append(token)
            continue
        is_due = joined not in ("&&", "||") or (ended.code == 0) == (joined == "&&")
        if words and is_due and not ended.has_exited:
            before = ended.output
            _command([_expanded(word, around, ended.code) for word in words], around, ended)
            if any(word.startswith(">") for word in words):  # into a file, which isn't kept
                ended.output = before
        words, joined = [], token


def _expanded(word: str, around: Surroundings, code: int) -> str:
    if word.startswith("'"):
        return word.strip("'")
    values = {**around.environment, "?": str(code)}
    return _VARIABLE.sub(lambda m: values.get(m.group(1) or m.group(2), ""), word).replace('"', "")


def _command(words: list[str], around: Surroundings, ended: Ended) -> None:
    """One command."""
    name, rest, output, code = words[0].rpartition("/")[2], words[1:], "", 0
    match name:
        case "echo":
            output = " ".join(each for each in rest if each not in ("-n", "-e")) + ("" if "-n" in rest[:1] else "\n")
        case "cat":
            absent = [path for path in rest if path not in around.files]
            output = "".join(around.files.get(path, "") for path in rest)
            output += "".join(f"cat: can't open '{path}': No such file or directory\n" for path in absent)
            code = 1 if absent else 0
        case "ls":
            folder = next((each for each in rest if not each.startswith("-")), "").rstrip("/") + "/"
            found = {path[len(folder) :].split("/")[0] for path in around.files if path.startswith(folder)}
            output = "".join(f"{each}\n" for each in sorted(found)) or f"ls: {folder}: No such file or directory\n"
            code = 0 if found else 1
        case "env":
            output = "".join(f"{key}={value}\n" for key, value in around.environment.items())
        case "sleep":
            asked = re.fullmatch(r"(\d*\.?\d+)([smhd]?)", rest[0] if rest else "")
            ended.seconds += float(asked.group(1)) * _UNITS[asked.group(2)] if asked else 0
        case "exit":
            ended.has_exited, code = True, int(rest[0]) % 256 if rest and rest[0].isdecimal() else ended.code
        case "hostname":
            output = f"{around.hostname}\n"
        case "help":
            output = f"simulated: {' '.join(sorted(BUILT_IN))}\n"
        case "false":
            code = 1
        case _:
            output, code = _FIXED.get(name, f"sh: {name}: not found (this shell is simulated: try help)\n"), 0
            code = 0 if name in _FIXED else 127
    ended.output, ended.code = (ended.output + output)[:_OUTPUT_MOST], code
