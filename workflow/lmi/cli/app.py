"""The commands of `lmi` and their options.

Exit codes: 0 done; 1 something in data, config or results is not as it must be, told in one
message; 2 a mistake in the command itself; 130 interrupted.
"""

import sys
from pathlib import Path

import click

import lmi
from lmi.base.errors import InputError

CONFIG = click.option(
    "--config",
    "-c",
    "config",
    default="config.yaml",
    show_default=True,
    metavar="FILE",
    help="Config of the run.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
SNAKEFILE = click.option(
    "--snakefile",
    "-s",
    metavar="FILE",
    help="Snakefile of lmi-workflow, where it is neither here nor beside the package.",
)
PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


class Commands(click.Group):
    """The commands in the order in which they are used, not in that of the alphabet."""

    def list_commands(self, ctx):
        """Return the names of the commands."""
        return list(self.commands)


def examples(*lines):
    """Return the end of a help text that shows how the command is used."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "lmi init data/tumour.h5ad          a config for these data",
        "lmi check -c tumour.yaml           what will be read",
        "lmi plan -c tumour.yaml            what it will cost",
        "lmi run -c tumour.yaml             do it",
        "lmi show results/tumour            the strongest pairs",
        'eval "$(_LMI_COMPLETE=bash_source lmi)"    completion of words (or zsh_source)',
    ),
)
@click.version_option(lmi.__version__, prog_name="lmi-workflow")
def cli():
    """Mutual information of many high-dimensional variables: in bits, with evidence."""


@cli.command(
    epilog=examples(
        "lmi init data/tumour.h5ad",
        "lmi init data/tumour.h5ad --gene-sets hallmarks.gmt --out tumour.yaml",
        "lmi init spikes.npz --json",
    ),
    short_help="Look at data and write a config for them.",
)
@click.argument("file")
@click.option("--out", "-o", metavar="FILE", help="Config to write; <name of the data>.yaml.")
@click.option("--gene-sets", metavar="FILE", help="GMT file whose sets are the variables.")
@click.option("--force", is_flag=True, help="Replace a config that is there.")
@JSON
def init(file, out, gene_sets, force, as_json):
    """Look at the data in FILE and write a config for them, with comments."""
    from lmi.cli import init as first
    from lmi.cli.output import dumps

    said = first.write(file, out, gene_sets=gene_sets, force=force)
    click.echo(dumps(said) if as_json else first.told(said))


@cli.command(
    epilog=examples("lmi check", "lmi check --config tumour.yaml --json"),
    short_help="Check a config and show what is read.",
)
@CONFIG
@click.option("--headers", is_flag=True, help="Read headers alone: quicker, and less is seen.")
@JSON
@click.pass_context
def check(ctx, config, headers, as_json):
    """Check a config and its data; print what is read of each dataset."""
    from lmi.cli import check as checking
    from lmi.cli.output import dumps

    checked = checking.load(config)
    said = checking.described(checked)
    overviews = [] if headers else checking.read_data(checked)
    if as_json:
        click.echo(dumps(checking.with_data(said, overviews)))
    else:
        click.echo("\n\n".join([checking.told(said), *checking.pages(overviews)]))
    ctx.exit(any(one.problems for one in overviews))


@cli.command(
    context_settings=PASSED_ON,
    epilog=examples("lmi plan -c tumour.yaml", "lmi plan -c tumour.yaml --json"),
    short_help="Say what a run will cost.",
)
@CONFIG
@SNAKEFILE
@JSON
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[SNAKEMAKE ARGUMENTS]...")
def plan(config, snakefile, as_json, arguments):
    """Say what a run will cost: jobs, time, memory and disk, by stage."""
    from lmi.cli import check as checking
    from lmi.cli import run as running
    from lmi.cli.output import dumps
    from lmi.planning import forecast
    from lmi.planning.plan import Plan

    planned = Plan(checking.load(config))
    if not arguments and not Path(planned.results).exists():
        stages, n_others = forecast.from_nothing(planned), 0
    else:
        stages, n_others = forecast.expected(running.arguments(config, snakefile, arguments))
    if as_json:
        click.echo(dumps({"stages": stages.to_dict("index"), "other_jobs": n_others}))
    else:
        click.echo(forecast.told(stages, n_others, forecast.cores_here(arguments)))


@cli.command(
    context_settings=PASSED_ON,
    epilog=examples(
        "lmi run -c tumour.yaml",
        "lmi run -c tumour.yaml --cores 8",
        "lmi run -c tumour.yaml --profile slurm      on a cluster",
        "lmi run -c tumour.yaml --dry-run --verbose  what Snakemake itself says",
    ),
    short_help="Run the workflow, with a progress bar.",
)
@CONFIG
@SNAKEFILE
@click.option("--verbose", "-v", is_flag=True, help="Show all that Snakemake prints.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[SNAKEMAKE ARGUMENTS]...")
@click.pass_context
def run(ctx, config, snakefile, verbose, arguments):
    """Run the workflow: `snakemake` with a progress bar. Other options are passed on to it.

    Without --cores or --profile all cores are used. Running again does what is left.
    """
    from lmi.cli import check as checking
    from lmi.cli import run as running

    logs = Path("results", checking.load(config)["run"], "logs")
    ctx.exit(running.run(running.arguments(config, snakefile, arguments), verbose, logs))


@cli.command(
    epilog=examples(
        "lmi estimate x.npy y.npy",
        "lmi estimate genes.csv proteins.csv --seed 1 --json",
        "lmi estimate x.npy y.npy --given z.npy",
        "lmi estimate x.npy y.npy --time-series --pointwise bits.tsv",
    ),
    short_help="Estimate one pair: a matrix a file.",
)
@click.argument("x")
@click.argument("y")
@click.option("--given", metavar="FILE", help="Also what x and y share beyond this file.")
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--preset", default="default", show_default=True, help="default or paper.")
@click.option("--time-series", is_flag=True, help="Samples are consecutive in time.")
@click.option(
    "--permutations", default=999_999, show_default=True, help="Most permutations; 0: none."
)
@click.option("--threads", default=1, show_default=True, help="Most threads.")
@click.option("--pointwise", metavar="FILE", help="Write the bits of each sample as TSV.")
@JSON
def estimate(x, y, given, seed, preset, time_series, permutations, threads, pointwise, as_json):
    """Estimate the mutual information of the matrices in two files, a row a sample.

    Files with names of samples are joined by name.
    """
    from lmi.cli import estimate as estimating
    from lmi.cli.output import dumps

    said = estimating.estimate(
        x,
        y,
        pointwise,
        given=given,
        seed=seed,
        preset=preset,
        time_series=time_series,
        n_permutations=permutations,
        threads=threads,
        quiet=not sys.stderr.isatty(),
    )
    click.echo(dumps(said) if as_json else estimating.told(said))


@cli.command(
    epilog=examples(
        "lmi show results/tumour",
        "lmi show results/tumour --variable hypoxia --top 20",
        "lmi show results/tumour --dataset tumour --json",
    ),
    short_help="Show the strongest pairs of a run.",
)
@click.argument("results")
@click.option("--variable", metavar="NAME", help="Pairs of this variable alone.")
@click.option("--dataset", metavar="NAME", help="Pairs of this dataset alone.")
@click.option("--top", default=10, show_default=True, help="Strongest pairs shown.")
@JSON
def show(results, variable, dataset, top, as_json):
    """Show the strongest pairs of a finished run, or of one variable of it."""
    from lmi.cli import show as showing
    from lmi.cli.output import dumps

    table, files = showing.rows(results, variable, dataset)
    if as_json:
        click.echo(dumps(showing.records(table, top)))
    else:
        from lmi.results.table import top_pairs_text

        click.echo(top_pairs_text(table, top, files))


@cli.command(
    epilog=examples(
        "lmi export results/tumour",
        "lmi export results/tumour --q 0.01 --out strict",
        "lmi export results/tumour --dataset tumour --anndata data/tumour.h5ad --pair MYC hypoxia",
    ),
    short_help="Write a run for other tools.",
)
@click.argument("results")
@click.option("--out", "-o", metavar="FOLDER", help="Where to; <results>/exports.")
@click.option("--q", default=0.05, show_default=True, help="False discovery rate of the networks.")
@click.option("--anndata", metavar="FILE", help="Write a copy of this .h5ad with the results.")
@click.option("--dataset", metavar="NAME", help="Dataset of the copy, where there are several.")
@click.option(
    "--pair", "pairs", nargs=2, multiple=True, metavar="X Y", help="Pair shown by cell in the copy."
)
@JSON
def export(results, out, q, anndata, dataset, pairs, as_json):
    """Write matrices and networks for other tools, or a copy of the data with the results."""
    from lmi.cli import show as showing
    from lmi.cli.output import dumps

    files = showing.export(results, out, q, anndata, dataset, pairs)
    click.echo(dumps(files) if as_json else "\n".join(map(str, files)))


@cli.group(
    short_help="Look after finished files that runs share.",
    epilog=examples("lmi cache list /scratch/lmi", "lmi cache prune /scratch/lmi --days 90"),
)
def cache():
    """Look after a folder of finished files that runs share (the config's key `cache`)."""


@cache.command("list", epilog=examples("lmi cache list /scratch/lmi"))
@click.argument("folder")
@JSON
def cache_list(folder, as_json):
    """List files, size and last use, by stage."""
    from lmi.cli.output import dumps
    from lmi.pipeline import cache as shared

    entries = shared.entries(folder)
    click.echo(dumps(entries) if as_json else shared.told(entries))


@cache.command("prune", epilog=examples("lmi cache prune /scratch/lmi --days 90 --gb 100"))
@click.argument("folder")
@click.option("--days", type=float, help="Remove what was not used for so many days.")
@click.option("--gb", type=float, help="Remove the longest unused until so much is left.")
@JSON
def cache_prune(folder, days, gb, as_json):
    """Remove what was not used for long. Results of runs stay."""
    from lmi.cli.output import dumps
    from lmi.pipeline import cache as shared

    if days is None and gb is None:
        raise click.UsageError("say --days, --gb or both")
    removed = shared.prune(folder, days, gb)
    if as_json:
        click.echo(dumps(removed))
    else:
        size = sum(entry["bytes"] for entry in removed) / 1e9
        click.echo(f"removed {len(removed):,} files, {size:.3f} GB")
        click.echo(shared.told(shared.entries(folder)))


def main(arguments=None):
    """Run a command; end with its exit code, and with one message where the user can mend it."""
    try:
        code = cli(arguments, prog_name="lmi", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("lmi: interrupted", err=True)
        sys.exit(130)
    except (InputError, OSError) as error:
        click.echo(f"lmi: {error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
