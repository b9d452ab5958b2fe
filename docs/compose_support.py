"""`reference/compose-support.md`: what becomes of every key of the Compose specification, from our tables."""

from typing import Final

from app.compose.images import known_ports
from app.compose.remarks import FIELDS, REMARKS, TOP_FIELDS, TOP_LEVEL

HEAD: Final = """# What becomes of a Compose file

Made from `app/compose/remarks.py` by `make docs`; change it there. Why it is so: [Compose](../explanation/compose.md).

Every key of the published schema (`app/compose/schema/`) is in one of these tables: it becomes a field of a node, or
it is left out with a finding that names the service, the key and what to do. Names inside mappings (of networks, of
dependencies) are left out of the keys here. `x-` keys and `version` are ignored, with an info.
"""


def compose_support() -> str:
    """The page."""
    fields = [f"| `{key}` | {text or 'its parts, below'} |" for key, text in sorted(FIELDS.items())]
    remarks = [f"| `{key}` | {level} | {text} |" for key, (level, text) in sorted(REMARKS.items())]
    top = [f"| `{key}` | {level} | {text} |" for key, (level, text) in sorted(TOP_LEVEL.items())]
    images = [f"| {', '.join(names)} | {port} | {'yes' if store else 'no'} |" for names, port, store in known_ports()]
    parts = [
        HEAD.strip(),
        "## Keys of a service that become fields",
        "\n".join(["| key | becomes |", "| --- | --- |", *fields]),
        "## Keys of a service that are said",
        "\n".join(["| key | level | the finding |", "| --- | --- | --- |", *remarks]),
        "## Keys beside services",
        f"Used: {', '.join(f'`{key}`' for key in sorted(TOP_FIELDS))}. Said:",
        "\n".join(["| key | level | the finding |", "| --- | --- | --- |", *top]),
        "## Images that are known",
        "By the last part of the repository's name, also with `cp-` before or `-server` after it. A data store becomes"
        " a StatefulSet and is reachable inside the cluster only, unless chosen otherwise.",
        "\n".join(["| image | port | data store |", "| --- | --- | --- |", *images]),
    ]
    return "\n\n".join(parts) + "\n"
