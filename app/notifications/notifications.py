"""Tell a person something inside the UI: stored first, then sent to their open pages. Called by domains' hooks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from bson import ObjectId

from app.clock import Clock
from app.events.bus import EventBus
from app.events.message import Event
from app.notifications.store import NotificationStore

NotificationType = Literal[
    "workflow_deployed", "workflow_failed", "build_completed", "build_failed", "resource_warning", "system"
]

UNREAD_FOR: Final = timedelta(days=90)
KEEP: Final = 500
TITLE_AT_MOST: Final = 300
MESSAGE_AT_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class Notifications:
    """Tells people."""

    store: NotificationStore
    bus: EventBus
    clock: Clock

    def tell(
        self,
        user_id: ObjectId,
        kind: NotificationType,
        *,
        title: str,
        message: str,
        cause: str,
        link: str = "",
        ref_id: ObjectId | None = None,
    ) -> bool:
        """Store and send one notification.

        Args:
            cause: names what it is about, such as `run:<id>:failed`; the same cause is told once.
            link: a path inside the UI.

        Returns:
            False when it was told already.
        """
        now = self.clock.now()
        notification: dict[str, Any] = {
            "_id": ObjectId(),
            "user_id": user_id,
            "type": kind,
            "title": title[:TITLE_AT_MOST],
            "message": message[:MESSAGE_AT_MOST],
            "read": False,
            "dedup_key": cause,
            "created_at": now,
            "updated_at": now,
            "expire_at": now + UNREAD_FOR,
            **({"link": link} if link else {}),
            **({"ref_id": ref_id} if ref_id else {}),
        }
        if not self.store.insert(notification):
            return False
        self.store.trim(user_id, keep=KEEP)
        self.bus.publish(f"user:{user_id}", [Event("new_notification", notification_view(notification))])
        return True


def notification_view(notification: dict[str, Any]) -> dict[str, Any]:
    """As answers and streams show it."""
    view = {
        "id": notification["_id"],
        "userId": notification["user_id"],
        "type": notification["type"],
        "title": notification["title"],
        "message": notification["message"],
        "read": notification["read"],
        "link": notification.get("link"),
        "refId": notification.get("ref_id"),
        "createdAt": notification["created_at"],
        "updatedAt": notification["updated_at"],
    }
    return {key: value for key, value in view.items() if value is not None}
