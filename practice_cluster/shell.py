"""A toy shell: a few commands over a container's made-up environment and files. Never touches the host. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

BUILT_IN: Final = frozenset(
    {"sh", "bash", "ash", "echo", "printf", "cat", "ls", "env", "printenv", "pwd", "cd", "whoami", "id", "hostname"}
    | {"uname", "ps", "true", "false", "sleep", "exit", "export", "test", "[", "wget", "curl", "nc", "date", "help"}
)
_STEPS_MOST: Final = 200
_OUTPUT_MOST: Final = 64 * 1024
_ENDLESS: Final = re.compile(r"\bwhile\s+(true|:|\[ 1 \])|\btail\s+-[fF]|\bsleep\s+(infinity|inf)\b")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\?))")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process finds where it runs."""

    hostname: str
    image: str
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
    name = argv[0].rpartition("/")[2]
    if name in ("sh", "bash", "ash"):
        flags, script = (
            [each for each in argv[1:] if each.startswith("-")],
            [e for e in argv[1:] if not e.startswith("-")],
        )
        if any("c" in flag for flag in flags) and script:
            run_script(script[0], around, dict(around.environment), ended)
    else:
        _command(list(argv), around, dict(around.environment), ended)
    return ended


def run_script(script: str, around: Surroundings, variables: dict[str, str], ended: Ended) -> None:
    """Lines of commands joined by `;`, `&&`, `||`; what comes out is added to `ended`."""
    if _ENDLESS.search(script):
        ended.is_endless = True
        script = re.sub(r"\bwhile\b.*?;\s*do\b|\bdone\b|\btail\s+-[fF].*", "", script, flags=re.DOTALL)
    try:
        lexer = shlex.shlex(script.replace("\n", ";"), posix=False, punctuation_chars=";&|")
        lexer.whitespace_split, lexer.commenters = True, "#"
        tokens = list(lexer)
    except ValueError:
        ended.output, ended.code = f"{ended.output}sh: syntax error: unterminated quoted string\n", 2
        return
    words, joined = list[str](), ";"
    for token in [*tokens[:_STEPS_MOST], ";"]:
        if set(token) <= set(";&|"):
            is_due = joined in (";", "&") or (ended.code == 0) == (joined == "&&")
            if words and is_due and not ended.has_exited:
                expanded = [_expanded(word, variables, ended.code) for word in words]
                _command(expanded, around, variables, ended)
            words, joined = [], ";" if set(token) == {";"} else token
        else:
            words.append(token)


def _expanded(word: str, variables: Mapping[str, str], code: int) -> str:
    if word.startswith("'") and word.endswith("'"):
        return word[1:-1]
    text = _VARIABLE.sub(lambda m: str(code) if m.group(3) else variables.get(m.group(1) or m.group(2), ""), word)
    return text.replace('"', "").replace("'", "") if text[:1] != '"' else text.strip('"')


def _command(words: list[str], around: Surroundings, variables: dict[str, str], ended: Ended) -> None:
    """One command."""
    while words and (assigned := re.fullmatch(r"(\w+)=(.*)", words[0], re.DOTALL)):
        variables[assigned.group(1)] = assigned.group(2)
        words = words[1:]
    if not words:
        return
    name, rest, is_quiet = words[0].rpartition("/")[2], words[1:], False
    for index, word in enumerate(rest):
        if word.startswith((">", "1>", "2>", "&>")):  # files can't be written
            is_quiet, rest = not word.startswith("2>"), rest[:index]
            break
    output, ended.code = _builtin(name, rest, around, variables, ended)
    ended.output = (ended.output + ("" if is_quiet else output))[:_OUTPUT_MOST]


def _builtin(
    name: str, rest: list[str], around: Surroundings, variables: dict[str, str], ended: Ended
) -> tuple[str, int]:
    match name:
        case "echo":
            newline = "" if rest[:1] == ["-n"] else "\n"
            return " ".join(each for each in rest if each not in ("-n", "-e")) + newline, 0
        case "printf":
            return (rest[0] if rest else "").replace("\\n", "\n"), 0
        case "cat":
            return _cat(rest, around)
        case "ls":
            return _ls([each for each in rest if not each.startswith("-")] or ["/"], around)
        case "env" | "printenv":
            if rest:
                return (f"{variables[rest[0]]}\n", 0) if rest[0] in variables else ("", 1)
            return "".join(f"{key}={value}\n" for key, value in variables.items()), 0
        case "export":
            variables.update((each.partition("=")[0], each.partition("=")[2]) for each in rest if "=" in each)
            return "", 0
        case "sleep":
            seconds = re.fullmatch(r"(\d*\.?\d+)([smhd]?)", rest[0] if rest else "")
            if seconds:
                ended.seconds += (
                    float(seconds.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[seconds.group(2)]
                )
            ended.is_endless = ended.is_endless or not seconds
            return "", 0
        case "exit":
            ended.has_exited = True
            return "", int(rest[0]) % 256 if rest and rest[0].isdecimal() else ended.code
        case "test" | "[":
            return "", 0 if _holds([each for each in rest if each != "]"], around) else 1
        case "sh" | "bash" | "ash":
            if "-c" in rest and rest.index("-c") + 1 < len(rest):
                run_script(rest[rest.index("-c") + 1], around, variables, ended)
            return "", ended.code
        case "wget" | "curl" | "nc":
            return f"{name}: the practice cluster has no network\n", 1
    fixed = {
        "true": ("", 0),
        "false": ("", 1),
        "cd": ("", 0),
        "pwd": ("/\n", 0),
        "whoami": ("root\n", 0),
        "id": ("uid=0(root) gid=0(root)\n", 0),
        "hostname": (f"{around.hostname}\n", 0),
        "uname": ("Linux practice\n", 0),
        "date": ("(simulated: no clock)\n", 0),
        "ps": (f"PID   USER     COMMAND\n    1 root     {around.image}\n", 0),
        "help": ("simulated: " + " ".join(sorted(BUILT_IN)) + "\n", 0),
    }
    return fixed.get(name, (f"sh: {name}: not found (this shell is simulated: try help)\n", 127))


def _cat(paths: list[str], around: Surroundings) -> tuple[str, int]:
    found = [around.files.get(path) for path in paths]
    absent = [path for path, content in zip(paths, found, strict=True) if content is None]
    said = "".join(f"cat: can't open '{path}': No such file or directory\n" for path in absent)
    return "".join(content for content in found if content is not None) + said, 1 if absent else 0


def _ls(paths: list[str], around: Surroundings) -> tuple[str, int]:
    path = paths[0].rstrip("/") + "/"
    names = {file[len(path) :].split("/")[0] for file in around.files if file.startswith(path)}
    if path == "/":
        names |= {"bin", "dev", "etc", "home", "proc", "root", "tmp", "usr", "var"}
    if not names and paths[0] not in around.files:
        return f"ls: {paths[0]}: No such file or directory\n", 1
    return "".join(f"{name}\n" for name in sorted(names) or [paths[0]]), 0


def _holds(words: list[str], around: Surroundings) -> bool:
    match words:
        case ["-f" | "-e" | "-s" | "-r", path]:
            return path in around.files
        case ["-d", path]:
            return any(file.startswith(path.rstrip("/") + "/") for file in around.files)
        case ["-n", *text]:
            return bool("".join(text))
        case ["-z", *text]:
            return not "".join(text)
        case [left, "=" | "==" | "-eq", right]:
            return left == right
        case [left, "!=" | "-ne", right]:
            return left != right
        case [text]:
            return bool(text)
    return False
