"""Writes what is made from code: `make docs`. A test (`tests/unit/test_generated_docs.py`) fails when it is stale."""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from app.settings import Settings, describe
from docs.compose_support import compose_support

HERE: Final = Path(__file__).parent
COMMENT: Final = re.compile(r"    # (?P<title>[A-Z].*)")
FIELD: Final = re.compile(r"    (?P<name>[a-z_]+): ")
TABLE: Final = ("| variable | default | what it is |", "| --- | --- | --- |")
HEAD: Final = """# Configuration

Made from `app/settings.py` by `make docs`; change it there.

A value comes from the first of these that has one: `KUBEORCH_<NAME>` in the environment, `<NAME>`, the file that
`<NAME>_FILE` names (for secrets), `config.yaml` or the file that KUBEORCH_CONFIG names. A bad or missing value stops
the start with one line. Lists are separated by commas. `make demo` and `make run` make up the secrets and keep them in
KUBEORCH_DATA.
"""


def configuration() -> str:
    """`reference/configuration.md`: every setting, in the groups of the class."""
    parts = [HEAD]
    for title, names in _groups():
        rows = [_row(name) for name in names]
        parts.append(
            "\n".join([f"## {title}", "", "| variable | default | what it is |", "| --- | --- | --- |", *rows])
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def pages() -> Mapping[Path, str]:
    """Path → content of each page that is made here."""
    reference = HERE / "reference"
    return {reference / "compose-support.md": compose_support(), reference / "configuration.md": configuration()}


def _groups() -> Iterator[tuple[str, list[str]]]:
    title, names = "General", list[str]()
    for line in inspect.getsource(Settings).splitlines():
        if comment := COMMENT.fullmatch(line):
            if names:
                yield title, names
            title, names = comment["title"], []
        elif (field := FIELD.match(line)) and field["name"] in Settings.model_fields:
            names.append(field["name"])
    if names:
        yield title, names


def _row(name: str) -> str:
    variable, default, text = describe(name, Settings.model_fields[name])
    return f"| {variable} | {_cell(default)} | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
