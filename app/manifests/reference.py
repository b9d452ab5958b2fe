"""Writes docs/reference/node-types.md from the templates' metadata: `python -m app.manifests.reference`.

A test fails when the page is stale.
"""

from pathlib import Path
from typing import Any, Final

from app.manifests.catalogue import NodeType, Parameter, catalogue

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "node-types.md"

_HEAD: Final = """# Node types

Made from `templates/core/*/metadata.yaml` by `python -m app.manifests.reference`; don't edit it here.

A node's `type` names its template; `data.templateId` may name it too, with or without `core/`. The fields below are
those of `data`. Values may be typed as text (`"2"` for 2). Fields that a type doesn't know are kept in the workflow and
ignored. **\\*** marks what must be there. What edges set by themselves is in [Wiring](../explanation/wiring.md).
"""


def reference_page() -> str:
    """The page as it should be."""
    types = sorted(catalogue().types, key=lambda node_type: node_type.name)
    return "\n".join([_HEAD, *(_section(node_type) for node_type in types)])


def _section(node_type: NodeType) -> str:
    rows = "\n".join(_row(parameter) for parameter in node_type.parameters)
    return (
        f"## {node_type.name}\n\n{node_type.about['description']} Makes a {node_type.kind}.\n\n"
        f"| field | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}\n"
    )


def _row(parameter: Parameter) -> str:
    name = f"`{parameter.name}`" + (f" or `{parameter.also}`" if parameter.also else "")
    meaning = parameter.description
    if parameter.options:
        meaning += " One of " + ", ".join(f"`{option}`" for option in parameter.options) + "."
    if parameter.type == "number" and parameter.max is not None:
        meaning += f" {parameter.min if parameter.min is not None else '…'} to {parameter.max}."
    if parameter.unless:
        meaning += " Not needed with " + " or ".join(f"`{other}`" for other in parameter.unless) + "."
    cells = [name + ("**\\***" if parameter.required else ""), parameter.type, _default(parameter.default), meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case list():
            return "`[" + ", ".join(str(item) for item in value) + "]`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(reference_page())
