"""Jobs that ask what the table raises: which pairs are direct, and what tells of a target."""

from dataclasses import dataclass

from lmi.planning import costs
from lmi.planning.datasets import DatasetPlan, Settings
from lmi.planning.jobs import MAX_THREADS, SECONDS_A_THREAD, CostedJob


@dataclass(frozen=True)
class ConditionalJob(CostedJob):
    """A job of direct or select: conditional information of pairs that the table names.

    Attributes
    ----------
    stage : str
    dataset : DatasetPlan
    part : int
        Of direct, whose triangles are shared among jobs.
    level : float
        The config's `report.fdr`.
    """

    stage: str
    dataset: DatasetPlan
    part: int
    level: float

    @property
    def seed(self) -> int:
        """Of its dataset."""
        return self.dataset.seed

    @property
    def settings(self) -> Settings:
        """The sections embed and estimate."""
        return {stage: self.dataset.settings(stage) for stage in ("embed", "estimate")}

    @property
    def blocks(self) -> list[str]:
        """The blocks of its dataset."""
        return self.dataset.block_files()

    @property
    def asks(self) -> Settings:
        """What the stage takes beside the files."""
        own = self.dataset.asks[self.stage]
        if self.stage == "select":
            return {"target": self.dataset.target, "most": own["max_variables"]}
        n_parts = len(self.dataset.direct_files())
        return {"part": self.part, "n_parts": n_parts, "most": own["max_triangles"]}

    def cost(self, threads: int = 1) -> dict[str, float]:
        """Return the expected cost: seconds, memory_mb, disk_mb."""
        n_variables = len(self.dataset.variables)
        if self.stage == "select":
            n_asked = self.dataset.asks["select"]["max_variables"] * n_variables
        else:
            n_asked = -(-self.dataset.n_triangles // len(self.dataset.direct_files()))
        own = costs.conditional(
            n_samples=self.dataset.n_samples,
            n_features=self.dataset.n_features,
            n_variables=n_variables,
            n_pairs=n_asked,
        )
        return own | {"disk_mb": 0.1 + 0.001 * n_asked}

    @property
    def threads(self) -> int:
        """Threads, the more the longer one would take."""
        return min(MAX_THREADS, 1 + int(self.cost()["seconds"] // SECONDS_A_THREAD))
