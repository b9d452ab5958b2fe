"""What people are told inside the UI, and the hooks by which the domains below say that there is something."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.imports import ImportServices

if TYPE_CHECKING:
    from app.imports.placing import Imported
    from app.notifications.notifications import Notifications


class NotificationServices(ImportServices):
    """Telling people."""

    @cached_property
    def notifications(self) -> "Notifications":
        from app.notifications.notifications import Notifications
        from app.notifications.store import NotificationStore

        return Notifications(NotificationStore(self.db), self.bus, self.clock)

    @cached_property
    def on_imported(self) -> "Sequence[Callable[[Imported], None]]":
        from app.notifications.imported import import_listener

        return [import_listener(self.notifications)]
