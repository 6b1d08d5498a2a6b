"""The plan of a run: what config.yaml asks for, as datasets, functions, jobs and files.

Plain Python: workflow/rules/common.smk builds one `Plan` and shows it to Snakemake.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import lmi
from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.benchmarks import plan as bench
from lmi.planning import tiles
from lmi.planning.datasets import (
    OF_PAIRS,
    DatasetPlan,
    Settings,
    in_order,
    keep,
    kept_mb,
    of_benchmark,
    of_config,
)
from lmi.planning.jobs import (
    CalibrationJob,
    DescribeJob,
    FunctionJob,
    FunctionPlan,
    StageJob,
    TableJob,
)
from lmi.planning.jobs_conditional import ConditionalJob
from lmi.report import listing
from lmi.results.listing import ASKED, exports_of

Job = StageJob | ConditionalJob | DescribeJob | TableJob | CalibrationJob | FunctionJob

ENDINGS = {
    "table": "mi.tsv",
    "report": "report.html",
    "benchmark": "benchmark.tsv",
    "calibration": "calibration_summary.tsv",
}
"""What a run may end in -> its file in the folder of the run."""


class Plan:
    """What a run computes: a pure function of the config and of headers, read when needed.

    Parameters
    ----------
    config : dict
        From `lmi.planning.config.load`.
    results : str, optional
        Folder of the run; by default results/ and its name.

    Attributes
    ----------
    results : str
        Folder of the run.
    settings : dict
        The config with its keys in alphabetical order, as params show it.
    datasets : dict of str to DatasetPlan
        Those of the config, then those of the benchmark.
    own : list of DatasetPlan
        Those of the config.
    functions : dict of str to FunctionPlan
        Estimators of the benchmark that are functions, each on one dataset.
    """

    def __init__(self, config: Settings, results: str | None = None) -> None:
        self.config = config
        self.results = results or f"results/{config['run']}"
        self.settings = in_order(config)
        self.benchmark = bench.plan(config["benchmark"])
        self.own: list[DatasetPlan] = list(of_config(config, self.settings, self.results))
        planned = [*self.own, *of_benchmark(self.benchmark, self.results)]
        self.datasets = {dataset.name: dataset for dataset in planned}
        self.functions = {
            name: FunctionPlan(f"{self.results}/{name}", self.benchmark["data"][job["data"]], job)
            for name, job in self.benchmark["functions"].items()
        }

    def job(self, rule: str, **wildcards: str) -> Job:
        """Return the job of a rule with its wildcards.

        Parameters
        ----------
        rule : str
            describe, project, embed, estimate, direct, select, collect, aggregate, report, export,
            run_record, calibrate_dataset or benchmark_function.
        **wildcards
            dataset, block, x, y, part and function, as text.
        """
        match rule:
            case "project" | "embed" | "estimate":
                return StageJob(rule, self.datasets[wildcards["dataset"]], _numbers(wildcards))
            case "describe":
                return self._description(wildcards["dataset"])
            case "direct" | "select":
                dataset = self.datasets[wildcards["dataset"]]
                number = int(wildcards.get("part", 0))
                return ConditionalJob(rule, dataset, number, self.config["report"]["fdr"])
            case "collect":
                dataset = self.datasets[wildcards["dataset"]]
                part = dataset.part(int(wildcards["part"]))
                return TableJob(rule, [(dataset, x, y) for x, y in part])
            case "aggregate" | "report" | "export" | "run_record":
                every = [(dataset, x, y) for dataset in self.own for x, y in dataset.tiles]
                return TableJob(rule, every)
            case "calibrate_dataset":
                return self._calibration(wildcards["dataset"])
            case "benchmark_function":
                function = self.functions[wildcards["function"]]
                return FunctionJob(function, int(wildcards["block"]))
        raise KeyError(rule)

    def jobs(self) -> Iterator[tuple[str, Job]]:
        """Yield the jobs of the default target where there are no results: rule and job."""

        def numbered(what: str, paths: list[str]) -> list[dict[str, str]]:
            return [{what: Path(path).stem.partition("-")[2] or "0"} for path in paths]

        for rule, wildcards_of in (
            ("describe", lambda dataset: [{}]),
            ("project", lambda dataset: numbered("block", dataset.block_files())),
            ("embed", lambda dataset: [{"x": str(x), "y": str(y)} for x, y in dataset.tiles]),
            ("estimate", lambda dataset: [{"x": str(x), "y": str(y)} for x, y in dataset.tiles]),
            ("collect", lambda dataset: numbered("part", dataset.part_files())),
            ("aggregate", None),
            ("direct", lambda dataset: numbered("part", dataset.direct_files())),
            ("select", lambda dataset: numbered("part", dataset.selection_files())),
            ("report", None),
            ("export", None),
            ("run_record", None),
        ):
            if wildcards_of is None:
                yield rule, self.job(rule)
                continue
            for dataset in self.own:
                for wildcards in wildcards_of(dataset):
                    yield rule, self.job(rule, dataset=dataset.name, **wildcards)

    def _description(self, name: str) -> DescribeJob:
        dataset = self.config["datasets"][name]
        kept = {key: dataset[key] for key in dataset if key not in OF_PAIRS}
        # the order of variables is theirs; that of the other keys means nothing
        kept = in_order(kept) | {"variables": dataset["variables"]}
        return DescribeJob(self.datasets[name], kept, self.config["project"]["missing"])

    @functools.cache  # noqa: B019 - a run has one plan
    def _calibration(self, name: str) -> CalibrationJob:
        dataset = self.datasets[name]
        pairs, blocks = tiles.choose(
            self.config["datasets"][name],
            dataset.variables,
            len(dataset.blocks[0]),
            self.config["calibrate"]["n_pairs"],
            seed=self.config["seed"],
            name=name,
        )
        return CalibrationJob(
            dataset=dataset,
            settings=self.settings["calibrate"],
            project=self.settings["project"],
            pairs=[list(pair) for pair in pairs],
            numbers=blocks,
        )

    @functools.cached_property
    def kept(self) -> dict[str, bool]:
        """Whether the run keeps embeddings and pointwise values."""
        return keep(self.config["keep"], self.own)

    # ---- files

    def estimates(self) -> list[str]:
        """Return the estimate files of the datasets of the config."""
        return [path for dataset in self.own for path in dataset.estimate_files()]

    def parts(self) -> list[str]:
        """Return the parts of the datasets of the config."""
        return [path for dataset in self.own for path in dataset.part_files()]

    def overviews(self) -> list[str]:
        """Return what was read of each dataset of the config."""
        return [f"{dataset.folder}/data.json" for dataset in self.own]

    def blocks(self) -> list[str]:
        """Return the blocks of variables that the datasets of the config use."""
        return [path for dataset in self.own for path in dataset.block_files()]

    def answers(self) -> list[str]:
        """Return what was asked of triangles and targets of the datasets of the config."""
        return [
            path
            for dataset in self.own
            for path in (*dataset.direct_files(), *dataset.selection_files())
        ]

    def exports(self) -> list[str]:
        """Return the files for other tools."""
        folder = f"{self.results}/exports"
        return [
            f"{folder}/{name}/{file}"
            for name, settings in self.config["datasets"].items()
            for file in exports_of(settings)
        ]

    def annotated(self) -> dict[str, str]:
        """Return the AnnData file of each dataset of the config that is one file of this kind."""
        sources = {name: its.get("source") for name, its in self.config["datasets"].items()}
        return {
            name: source
            for name, source in sources.items()
            if isinstance(source, str) and source.endswith(".h5ad")
        }

    def copies(self) -> list[str]:
        """Return the copies of AnnData files that the target `anndata` makes.

        Raises
        ------
        InputError
            No dataset is an AnnData file.
        """
        found = [f"{self.results}/exports/{name}/annotated.h5ad" for name in self.annotated()]
        if not found:
            raise InputError(
                "anndata: expected a dataset whose source is one .h5ad file, found none among "
                f"{some(list(self.config['datasets']))}. `lmi export --anndata FILE` copies any"
            )
        return found

    def asked(self) -> dict[str, list[str]]:
        """Return what each dataset of the config asks beside information: compare, transfer."""
        return {
            name: [key for key in ASKED if key in settings]
            for name, settings in self.config["datasets"].items()
        }

    def calibrations(self) -> list[str]:
        """Return the calibrations of the datasets of the config; tasks are left out."""
        names = [name for name, its in self.config["datasets"].items() if "task" not in its]
        return [f"{self.results}/calibration/{name}.tsv" for name in names]

    def benchmark_estimates(self) -> list[str]:
        """Return the estimate files of all runs of the benchmark."""
        runs = [self.datasets[name] for name in self.benchmark["runs"]]
        return [path for run in runs for path in run.estimate_files()]

    def benchmark_functions(self) -> list[str]:
        """Return the tables of all functions of the benchmark."""
        return [path for function in self.functions.values() for path in function.tables()]

    def benchmark_files(self, suffix: str) -> list[str]:
        """Return the files that the benchmark writes for each figure."""
        figures = dict.fromkeys(row[0] for row in self.benchmark["rows"])
        return [f"{self.results}/benchmark/{name}.{suffix}" for name in figures]

    def with_figure(self, kind: str) -> list[str]:
        """Return the names of the datasets of the config that have a figure of this kind."""
        datasets = self.config["datasets"].items()
        return [name for name, settings in datasets if kind in listing.dataset_figures(settings)]

    def vector_figures(self) -> list[str]:
        """Return the figures of the report as SVG."""
        stems = listing.figure_stems(self.config["datasets"])
        return [f"{self.results}/figures/{stem}.svg" for stem in stems]

    # ---- words

    def asks_for(self) -> str:
        """Return a line on what the config asks for."""
        n_tiles = sum(len(dataset.tiles) for dataset in self.own)
        n_variables = sum(len(dataset.variables) for dataset in self.own)
        text = (
            f"lmi-workflow {lmi.__version__}: run {self.config['run']}: {len(self.own)} datasets, "
            f"{n_variables} variables, {n_tiles} tiles -> {self.results}"
        )
        for what, wanted in self.config["keep"].items():
            if wanted == "auto" and not self.kept[what]:
                size = kept_mb(what, self.own) / 1000
                text += (
                    f"\nlmi-workflow: keep.{what} is auto: they would take {size:.1f} GB and are "
                    f"not kept. Set keep.{what}: true to keep them"
                )
        return text

    def done(self) -> str:
        """Return a line on the results that are there."""
        paths = {what: Path(self.results, name) for what, name in ENDINGS.items()}
        written = [f"{what}: {path}" for what, path in paths.items() if path.exists()]
        return "lmi-workflow: done. " + ", ".join(written)


def _numbers(wildcards: dict[str, str]) -> tuple[int, ...]:
    """Return the numbers of a job's block, or of its two."""
    return tuple(int(wildcards[name]) for name in ("block", "x", "y") if name in wildcards)
