"""A toy shell: a few commands over a container's made-up environment and files. Never touches the host. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SHELLS: Final = ("sh", "bash", "ash")
BUILT_IN: Final = frozenset({*SHELLS, "echo", "cat", "ls", "env", "true", "false", "sleep", "exit", "hostname", "pwd"})
_STEPS_MOST, _OUTPUT_MOST = 200, 64 * 1024
_ENDLESS: Final = re.compile(r"\bwhile\s+(true|:)|\btail\s+-[fF]|\bsleep\s+(infinity|inf)\b")
_LOOP: Final = re.compile(r"\bwhile\b.*?;\s*do\b|\bdone\b|\btail\s+-[fF].*", re.DOTALL)
"""Is taken away where there is one: its content runs once."""
_COMPLAINTS: Final = re.compile(r"\d>+\s*&?\S+")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+|\?))")


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
        script = _COMPLAINTS.sub("", _LOOP.sub("", script) if ended.is_endless else script)
        lexer = shlex.shlex(script.replace("\n", ";"), posix=False, punctuation_chars=";&|")
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
    name, rest, said, code = words[0].rpartition("/")[2], words[1:], list[str](), 0
    match name:
        case "echo":
            said = [" ".join(rest)]
        case "cat":
            found = [around.files.get(path) for path in rest]
            ended.output += "".join(filter(None, found))
            said = [f"cat: {path}: No such file" for path, text in zip(rest, found, strict=True) if text is None]
            code = int(None in found)
        case "ls":
            folder = next((each for each in rest if each[0] != "-"), "").rstrip("/") + "/"
            said = sorted({path[len(folder) :].split("/")[0] for path in around.files if path.startswith(folder)})
            code = 0 if said else 2
        case "env":
            said = [f"{key}={value}" for key, value in around.environment.items()]
        case "sleep":
            asked = re.fullmatch(r"(\d*\.?\d+)([smh]?)", rest[0] if rest else "")
            ended.seconds += float(asked[1]) * {"m": 60, "h": 3600}.get(asked[2], 1) if asked else 0
        case "exit":
            ended.has_exited, code = True, int(rest[0]) % 256 if rest and rest[0].isdecimal() else ended.code
        case "hostname" | "pwd":
            said = [around.hostname if name == "hostname" else "/"]
        case "true" | "false":
            code = int(name == "false")
        case _:
            said, code = [f"sh: {name}: not found (this shell is simulated)"], 127
    ended.output = (ended.output + "".join(f"{line}\n" for line in said))[:_OUTPUT_MOST]
    ended.code = code
