"""Every situation that is captured."""

from typing import Final

from tests.unit.resources.other_situations import CRONJOBS, OTHERS, SERVICES
from tests.unit.resources.workload_situations import DAEMONSETS, DEPLOYMENTS, JOBS, STATEFULSETS

ALL: Final = [*DEPLOYMENTS, *STATEFULSETS, *DAEMONSETS, *JOBS, *CRONJOBS, *SERVICES, *OTHERS]
