"""Somebody has imported something: what they are told. Registered by bootstrap with the domain of imports."""

from collections.abc import Callable
from typing import Final

from app.imports.placing import Imported
from app.notifications.notifications import Notifications

SHOWN: Final = 3


def import_listener(notifications: Notifications) -> Callable[[Imported], None]:
    """Tells the workflow's owner, once a write of its graph."""

    def tell(imported: Imported) -> None:
        workflow = imported.workflow
        notifications.tell(
            workflow["owner_id"],
            "system",
            title=f"Imported {workflow['name']}",
            message=_message(imported),
            cause=f"import:{workflow['_id']}:{workflow.get('graph_rev', 0)}",
            link=f"/dashboard/workflow/{workflow['_id']}",
            ref_id=workflow["_id"],
        )

    return tell


def _message(imported: Imported) -> str:
    text = f"{imported.nodes} nodes, {len(imported.warnings)} warnings"
    return f"{text}: {'; '.join(imported.warnings[:SHOWN])}" if imported.warnings else text
