"""Image registries."""

from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.base import BaseServices

if TYPE_CHECKING:
    from app.registries.images import Images


class RegistryServices(BaseServices):
    """What registries tell."""

    @cached_property
    def images(self) -> "Images":
        from app.net.guard import AddressGuard
        from app.registries.client import Registries
        from app.registries.images import Images

        insecure = frozenset(host.strip().lower() for host in self.settings.registry_insecure_hosts)
        # Anybody who is signed in may name a host here, so private addresses are for those that an operator has named.
        guard = AddressGuard(
            allow_private=False,
            allow_loopback=False,
            allowlist=(*self.settings.outbound_allowlist, *insecure),
            settings_prefix="",
        )
        return Images(Registries(guard, self.clock, insecure), self.settings.registry_timeout_seconds)
