"""`snakemake --profile slurm` on a real SLURM: the local run's table, and again after each fault.

Long tests are the first of each pair: pytest-xdist gives a process two at a time.
"""

import re
import signal
import time

import pandas as pd
import pytest
from conftest import SMALL, Project, gpus, summarise

from slurm import ACTIVE, wait_for

SHORT = ("--configfile", "tests/workflow/short.yaml", "--config", "block_size=4")
# With shorter pauses between two looks at the jobs than the profile has.
COMMAND = ("--profile", "slurm", "--slurm-init-seconds-before-status-checks", "2", *SMALL)


def edit(project, changes):
    """Edit the project's SLURM profile: old text -> new text."""
    path = project.folder / "slurm/profile.yaml"
    text = path.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)


@pytest.fixture
def run(cluster, small):
    """Start the small run on a cluster that has no GPUs to give; return its Snakemake."""
    edit(small, {"slurm_partition: gpu": "slurm_partition: main", "gpu: 1": "gpu: 0"})
    return small.snakemake(*COMMAND, environment=cluster.environment)


@pytest.fixture
def embed_job(cluster, small, run):
    """Return SLURM's record of a job of rule embed that stands still as it runs."""
    number = cluster.running(small.folder, "embed")
    cluster.freeze(number)
    return cluster.job(number)


def states(jobs):
    """Return how jobs ended, in the order of their submission."""
    return [job["JobState"] for job in sorted(jobs, key=lambda job: int(job["JobId"]))]


def same_tile(jobs, job):
    """Return those of the jobs that do the same as one."""
    return [other for other in jobs if other["Comment"] == job["Comment"]]


def check(cluster, small, undisturbed, record_property):
    """Assert that a run ended with the right table, and that no finished job was done again.

    A job that is cancelled gets a moment to end: where that is enough for its output to become
    whole, the output stands, and nothing is submitted in its place.

    Returns
    -------
    list of dict
        The jobs of rule embed.
    """
    pd.testing.assert_frame_equal(small.table("small"), undisturbed.table("small"))
    jobs = cluster.jobs(small.folder)
    record_property("slurm", summarise(jobs))
    assert not set(states(jobs)) & set(ACTIVE)
    # The blocks were there before, and all else was finished once.
    last = {job["Comment"]: job for job in sorted(jobs, key=lambda job: int(job["JobId"]))}
    finished = [job["Comment"] for job in jobs if job["JobState"] == "COMPLETED"]
    finished += [what for what, job in last.items() if job["JobState"] == "CANCELLED"]
    assert sorted(finished) == [
        "rule_aggregate",
        "rule_collect_wildcards_d_000",
        "rule_embed_wildcards_d_000_000",
        "rule_embed_wildcards_d_000_001",
        "rule_estimate_wildcards_d_000_000",
        "rule_estimate_wildcards_d_000_001",
    ]
    return cluster.jobs(small.folder, "embed")


def test_demo_gives_the_local_table_and_jobs_wait_for_gpus(cluster, tmp_path, record_property):
    local, remote = Project(tmp_path / "local", True), Project(tmp_path / "remote", True)
    cluster.call("scontrol", "update", "PartitionName=gpu", "State=DOWN")
    process = remote.snakemake("--profile", "slurm", *SHORT, environment=cluster.environment)
    local.finish(local.snakemake("--cores", "2", *SHORT))
    # All embed jobs are in the queue before the first may start.
    wait_for(lambda: len(cluster.jobs(remote.folder, "embed")) == 4, "four embed jobs")
    cluster.call("scontrol", "update", "PartitionName=gpu", "State=UP")
    remote.finish(process)
    pd.testing.assert_frame_equal(remote.table("short"), local.table("short"))
    assert (remote.folder / "results/short/report.html").exists()

    jobs = cluster.jobs(remote.folder)
    record_property("slurm", f"{summarise(jobs)}; {gpus(jobs)} GPUs at once")
    # As many as the local run had, but for the target `all`, which is no job of a cluster.
    (n_steps,) = re.findall(r"^(\d+) of \1 steps", local.output(), re.MULTILINE)
    assert states(jobs) == ["COMPLETED"] * (int(n_steps) - 1)
    embed = cluster.jobs(remote.folder, "embed")
    rest = [job for job in jobs if job not in embed]
    assert {(job["Partition"], job.get("TresPerJob")) for job in embed} == {("gpu", "gres:gpu:1")}
    assert {(job["Partition"], job.get("TresPerJob")) for job in rest} == {("main", None)}

    # Two run; the third waits, although it was there and CPUs were free.
    assert gpus(jobs) == 2
    starts = sorted(job["StartTime"] for job in embed)
    assert starts[2] >= min(job["EndTime"] for job in embed)
    # Each sees one device, and two at the same time see different ones.
    devices = cluster.devices()
    assert all(devices[job["JobId"]] == {"none"} for job in rest)
    assert all(devices[job["JobId"]] in ({"0"}, {"1"}) for job in embed)
    for job in embed:
        for other in embed:
            if job["StartTime"] < other["StartTime"] < job["EndTime"]:
                assert devices[job["JobId"]] != devices[other["JobId"]]
    assert {device for job in embed for device in devices[job["JobId"]]} == {"0", "1"}


def test_cancelled_job(cluster, small, undisturbed, run, embed_job, record_property):
    cluster.call("scancel", embed_job["JobId"])
    small.finish(run)
    embed = check(cluster, small, undisturbed, record_property)
    assert states(same_tile(embed, embed_job)) == ["CANCELLED", "COMPLETED"]
    assert not any("TresPerJob" in job for job in embed)


def test_job_over_its_time_limit(cluster, small, undisturbed, run, embed_job, record_property):
    cluster.call("scontrol", "update", f"JobId={embed_job['JobId']}", "TimeLimit=1")
    small.finish(run)
    embed = check(cluster, small, undisturbed, record_property)
    first, second = same_tile(embed, embed_job)
    assert states([first, second]) == ["TIMEOUT", "COMPLETED"]
    # The second time the rule asked for twice as much.
    assert pd.Timedelta(second["TimeLimit"]) == 2 * pd.Timedelta(embed_job["TimeLimit"])
    assert megabytes(second) == 2 * megabytes(embed_job)


def megabytes(job):
    """Return the memory that a job asked for."""
    return int(job["MinMemoryNode"].removesuffix("M"))


def test_job_over_its_memory_and_then_without_a_gpu(cluster, small, undisturbed, record_property):
    # At first less than Python needs, and a GPU.
    more = "    mem_mb: 150 * 10 ** (attempt - 1)\n    gpu: int(attempt < 2)"
    edit(small, {"    gpu: 1": more})
    small.finish(small.snakemake(*COMMAND, environment=cluster.environment))
    embed = check(cluster, small, undisturbed, record_property)
    log = cluster.log("node1")
    for tile in same_tile(embed, embed[0]), same_tile(embed, embed[-1]):
        first, second = tile
        assert states(tile) == ["FAILED", "COMPLETED"]
        assert f"StepId={first['JobId']}." in log
        assert [megabytes(first), megabytes(second)] == [150, 1500]
        assert first["TresPerJob"] == "gres:gpu:1"
        assert "TresPerJob" not in second
    assert log.count("exceeded memory limit") >= 2


def test_killed_node(cluster, small, undisturbed, run, embed_job, record_property):
    cluster.kill_node(embed_job["NodeList"])
    small.finish(run)
    cluster.start_node(embed_job["NodeList"])
    embed = check(cluster, small, undisturbed, record_property)
    assert states(same_tile(embed, embed_job)) == ["NODE_FAIL", "COMPLETED"]


def test_killed_snakemake(cluster, small, undisturbed, run, embed_job, record_property):
    # The other tile goes on, until Snakemake knows that its estimate is done.
    wait_for(lambda: "(Rule: estimate)" in small.output(), "an estimate")
    # While the first Snakemake lives, a second one is refused.
    second = small.snakemake(*COMMAND, environment=cluster.environment)
    assert second.wait(120) != 0
    assert "another Snakemake" in small.output()
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert cluster.job(embed_job["JobId"])["JobState"] == "RUNNING"

    small.finish(small.snakemake(*COMMAND, environment=cluster.environment))
    embed = check(cluster, small, undisturbed, record_property)
    # The job that was left behind is cancelled; the other tile stands.
    assert states(same_tile(embed, embed_job))[0] == "CANCELLED"


def test_killed_snakemake_while_a_job_has_its_output(
    cluster, small, undisturbed, run, record_property
):
    tiles = small.folder / "results/small/d/embeddings"
    wait_for(lambda: list(tiles.glob("tile-*.h5")), "an embeddings file")
    for job in cluster.jobs(small.folder, "embed"):
        cluster.freeze(job["JobId"])
    run.send_signal(signal.SIGKILL)
    run.wait()
    # Cancelled jobs take their outputs with them: before it is planned what is left to do.
    small.finish(small.snakemake(*COMMAND, environment=cluster.environment))
    check(cluster, small, undisturbed, record_property)


def test_restarted_controller(cluster, small, undisturbed, run, record_property):
    cluster.running(small.folder, "embed")
    cluster.stop_controller()
    time.sleep(15)  # long enough for Snakemake to ask in vain
    cluster.start_controller()
    small.finish(run)
    check(cluster, small, undisturbed, record_property)
