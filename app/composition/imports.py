"""Imports: sessions, analyses, what becomes of them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from app.composition.registries import RegistryServices
from app.composition.sources import SourceServices
from app.composition.workflows import WorkflowServices

if TYPE_CHECKING:
    from app.imports.analyses import Analyses
    from app.imports.analysis import Analyzer
    from app.imports.asking import Asking
    from app.imports.events import ImportEvents
    from app.imports.image_facts import ImageQuestions
    from app.imports.jobs import ImportJobs
    from app.imports.placing import Imported, Placements
    from app.imports.sessions import ImportSessions
    from app.imports.store import FileStore, ImportStore
    from app.imports.values import ImportValues


class ImportServices(SourceServices, RegistryServices, WorkflowServices):
    """From files and repositories to workflows."""

    @cached_property
    def import_store(self) -> "ImportStore":
        from app.imports.store import ImportStore

        return ImportStore(self.db, self.clock, life=timedelta(hours=self.settings.import_session_ttl_hours))

    @cached_property
    def import_files(self) -> "FileStore":
        from app.imports.store import FileStore

        return FileStore(self.db)

    @cached_property
    def analyzer(self) -> "Analyzer":
        from app.compose.nixpacks import Nixpacks
        from app.compose.options import Options
        from app.imports.analysis import Analyzer

        defaults = Options(
            published=self.settings.import_expose,
            storage=self.settings.import_storage,
            wants_image_facts=self.settings.import_image_facts,
        )
        return Analyzer(defaults, self.settings.import_max_services, Nixpacks(self.settings.nixpacks_bin))

    @cached_property
    def session_values(self) -> "ImportValues":
        from app.imports.values import ImportValues

        return ImportValues(self.import_store, self.sealer, keep=self.settings.import_keep_secret_values)

    @cached_property
    def import_sessions(self) -> "ImportSessions":
        from app.http.offload import offload_analysis
        from app.imports.sessions import ImportSessions

        return ImportSessions(
            self.import_store,
            self.import_files,
            self.workflow_store,
            self.analyzer,
            self.session_values,
            self.sealer,
            offload_analysis,
            self.image_questions,
        )

    @cached_property
    def image_questions(self) -> "ImageQuestions":
        from app.imports.image_facts import ImageQuestions

        return ImageQuestions(self.images.facts, self.clock)

    @cached_property
    def asking(self) -> "Asking":
        from app.imports.asking import Asking

        return Asking(
            store=self.import_store,
            workflows=self.workflow_store,
            analyzer=self.analyzer,
            git=self.git,
            end_job=lambda where: self.jobs.cancel(self.import_jobs, where),
            sealer=self.sealer,
            ring=self.doorbell,
            clock=self.clock,
            timeout_s=self.settings.import_timeout_seconds,
            max_active=self.settings.import_max_active_per_user,
        )

    @cached_property
    def analyses(self) -> "Analyses":
        from app.imports.analyses import Analyses

        return Analyses(
            self.import_sessions,
            self.asking,
            self.settings.import_sync_wait_seconds,
            self.settings.import_max_file_kb,
        )

    @cached_property
    def import_events(self) -> "ImportEvents":
        from app.imports.events import ImportEvents

        return ImportEvents(self.bus, self.clock)

    @cached_property
    def import_jobs(self) -> "ImportJobs":
        from app.imports.jobs import ImportJobs
        from app.imports.store import COLLECTION
        from app.jobs.store import JobStore

        return ImportJobs(
            store=JobStore(self.db, COLLECTION, self.clock, drop_at_end=("active_for", "given")),
            sessions=self.import_sessions,
            analyzer=self.analyzer,
            git=self.git,
            credentials=self.git_credentials,
            workspaces=self.workspaces,
            events=self.import_events,
            sealer=self.sealer,
            clock=self.clock,
            file_bytes=self.settings.import_max_file_kb * 1024,
        )

    @cached_property
    def placements(self) -> "Placements":
        from app.imports.placing import Placements

        return Placements(self.workflows, self.import_store, self.on_imported)

    @cached_property
    def on_imported(self) -> "Sequence[Callable[[Imported], None]]":
        """Who wants to know: domains above this one."""
        return []

    def announce_imports(self) -> None:
        """A duty of the scheduler: what ended and nobody heard of."""
        from app.imports.jobs import announce_forgotten

        announce_forgotten(self.import_store, self.import_events)
