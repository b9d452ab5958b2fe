"""Git repositories and files by URL."""

import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app.composition.base import BaseServices

if TYPE_CHECKING:
    from app.sources.cloning import Git
    from app.sources.credentials import GitCredentials
    from app.sources.outbound import Outbound
    from app.sources.workspaces import Workspaces


class SourceServices(BaseServices):
    """Where imports and builds get their files."""

    @cached_property
    def outbound(self) -> "Outbound":
        """Which hosts may be spoken to for a repository or a file; `fetch_file` takes it as its guard."""
        from app.net.guard import AddressGuard
        from app.sources.outbound import Outbound

        guard = AddressGuard(
            allow_private=False,
            allow_loopback=False,
            allowlist=self.settings.outbound_allowlist,
            settings_prefix="",
        )
        return Outbound(
            guard,
            self.clock,
            allowed_hosts=self.settings.git_allowed_hosts,
            allow_http=self.settings.git_allow_http,
            ca_file=self.settings.git_ca_file,
        )

    @cached_property
    def git(self) -> "Git":
        from app.sources.cloning import Git
        from app.sources.limits import MEBI, Limits

        limits = Limits(
            timeout_s=self.settings.git_clone_timeout_seconds,
            repository_bytes=self.settings.git_max_repo_mb * MEBI,
            files=self.settings.git_max_files,
            file_bytes=self.settings.git_max_file_mb * MEBI,
        )
        return Git(self.outbound, self.clock, limits)

    @cached_property
    def git_credentials(self) -> "GitCredentials":
        from app.sources.credentials import GitCredentials
        from app.sources.store import GitCredentialStore

        return GitCredentials(GitCredentialStore(self.db), self.sealer, self.clock)

    @cached_property
    def workspaces(self) -> "Workspaces":
        """Folders of workers: `with services.workspaces.folder("import") as into: services.git.clone(..., into)`."""
        from app.sources.workspaces import Workspaces

        usual = Path(tempfile.gettempdir()) / f"kubeorch-{os.geteuid()}"
        return Workspaces((self.settings.work_dir or usual).expanduser().absolute())
