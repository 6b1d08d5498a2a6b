"""`snakemake --profile slurm` on a real SLURM: the same table as without, and after every fault."""

import signal
import time

import pandas as pd
from conftest import SMALL, Project, gpus, summarise

from slurm import ACTIVE, wait_for

# The profile as it stands but for a shorter pause between two looks at the jobs; the fault tests
# have it edited for a cluster without GPUs.
QUICK = ("--profile", "slurm", "--slurm-init-seconds-before-status-checks", "2")
NO_GPU = ("--set-resources", "embed:gpu=0", "embed:slurm_partition=main")
SHORT = ("--configfile", "tests/workflow/short.yaml", "--config", "block_size=4")


def of(jobs, wildcards):
    """Return the jobs of one tile."""
    return [job for job in jobs if job["Comment"].endswith(wildcards)]


def states(jobs):
    """Return how jobs ended, in the order of their submission."""
    return [job["JobState"] for job in sorted(jobs, key=lambda job: int(job["JobId"]))]


def check(cluster, small, undisturbed, record_property, submitted):
    """Assert that a run's table is right and that it submitted so many jobs of each rule."""
    pd.testing.assert_frame_equal(small.table("small"), undisturbed.table("small"))
    jobs = cluster.jobs(small.folder)
    record_property("slurm", summarise(jobs))
    rules = pd.Series([job["Comment"].split("_")[1] for job in jobs])
    assert dict(rules.value_counts()) == submitted
    assert not [job for job in jobs if job["JobState"] in ACTIVE]
    return cluster.jobs(small.folder, "embed")


def test_demo_gives_the_local_table_and_two_gpus_are_shared(cluster, tmp_path, record_property):
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
    assert states(jobs) == ["COMPLETED"] * 14
    embed = cluster.jobs(remote.folder, "embed")
    assert all(job["TresPerJob"] == "gres:gpu:1" for job in embed)
    assert all(job["Partition"] == "gpu" for job in embed)
    rest = [job for job in jobs if job not in embed]
    assert not any("TresPerJob" in job for job in rest)
    assert all(job["Partition"] == "main" for job in rest)

    # Two run, the third waits although it was there and a CPU was free.
    assert gpus(jobs) == 2
    starts = sorted(job["StartTime"] for job in embed)
    assert starts[2] >= min(job["EndTime"] for job in embed)
    # Each sees one device; jobs that overlap see different ones.
    devices = cluster.devices()
    assert all(devices[job["JobId"]] in ({"0"}, {"1"}) for job in embed)
    assert all(devices[job["JobId"]] == {"none"} for job in rest)
    for job in embed:
        for other in embed:
            if job["StartTime"] < other["StartTime"] < job["EndTime"]:
                assert devices[job["JobId"]] != devices[other["JobId"]]


def test_job_over_its_time_limit(cluster, small, undisturbed, record_property):
    process = small.snakemake(*SMALL, *QUICK, *NO_GPU, environment=cluster.environment)
    job = cluster.running(small.folder, "embed")
    cluster.freeze(job)
    before = cluster.job(job)
    cluster.call("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    small.finish(process)
    embed = check(
        cluster, small, undisturbed, record_property, {"embed": 3, "estimate": 2, "aggregate": 1}
    )
    first, second = of(embed, before["Comment"])
    assert states([first, second]) == ["TIMEOUT", "COMPLETED"]
    # The rule asked for more of both.
    assert minutes(second) == 2 * minutes(before)
    assert int(second["MinMemoryNode"][:-1]) == 2 * int(first["MinMemoryNode"][:-1])


def minutes(job):
    """Return the time limit of a job."""
    return pd.Timedelta(job["TimeLimit"]).total_seconds() / 60


def test_job_over_its_memory_then_without_gpu(cluster, small, undisturbed, record_property):
    # The first attempt gets less than Python needs, the second ten times that, on a CPU.
    less = ("--set-resources", "embed:mem_mb=150 * 10 ** (attempt - 1)", "embed:gpu=2 - attempt")
    process = small.snakemake(*SMALL, *QUICK, *less, environment=cluster.environment)
    small.finish(process)
    embed = check(
        cluster, small, undisturbed, record_property, {"embed": 4, "estimate": 2, "aggregate": 1}
    )
    for tile in ("000_000", "000_001"):
        first, second = of(embed, tile)
        assert first["JobState"] in ("OUT_OF_MEMORY", "FAILED")
        assert second["JobState"] == "COMPLETED"
        assert second["MinMemoryNode"] == "1500M"
        assert first["TresPerJob"] == "gres:gpu:1"
        assert "TresPerJob" not in second


def test_cancelled_job(cluster, small, undisturbed, record_property):
    process = small.snakemake(*SMALL, *QUICK, *NO_GPU, environment=cluster.environment)
    job = cluster.running(small.folder, "embed")
    cluster.freeze(job)
    cluster.call("scancel", job)
    small.finish(process)
    embed = check(
        cluster, small, undisturbed, record_property, {"embed": 3, "estimate": 2, "aggregate": 1}
    )
    assert states(of(embed, cluster.job(job)["Comment"])) == ["CANCELLED", "COMPLETED"]
    assert not any("TresPerJob" in job for job in cluster.jobs(small.folder))


def test_killed_node(cluster, small, undisturbed, record_property):
    process = small.snakemake(*SMALL, *QUICK, *NO_GPU, environment=cluster.environment)
    job = cluster.running(small.folder, "embed")
    cluster.freeze(job)
    node = cluster.job(job)["NodeList"]
    cluster.kill_node(node)
    small.finish(process)
    cluster.start_node(node)
    embed = cluster.jobs(small.folder, "embed")
    lost = [job for job in embed if job["JobState"] == "NODE_FAIL"]
    assert job in [each["JobId"] for each in lost]
    check(
        cluster,
        small,
        undisturbed,
        record_property,
        {"embed": 2 + len(lost), "estimate": 2, "aggregate": 1},
    )


def test_killed_snakemake_and_the_same_command_again(cluster, small, undisturbed, record_property):
    command = (*SMALL, *QUICK, *NO_GPU)
    process = small.snakemake(*command, environment=cluster.environment)
    job = cluster.running(small.folder, "embed")
    cluster.freeze(job)
    # The other tile goes on: when its estimate is there, Snakemake knows its embedding as done.
    wait_for(lambda: "COMPLETED" in states(cluster.jobs(small.folder, "estimate")), "an estimate")
    # While it lives, a second one is refused.
    second = small.snakemake(*command, environment=cluster.environment)
    assert second.wait(120) != 0
    assert "another Snakemake" in (small.folder / "snakemake.out").read_text()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert cluster.job(job)["JobState"] == "RUNNING"

    small.finish(small.snakemake(*command, environment=cluster.environment))
    # The job that was left behind is cancelled; the other tile's embedding stands.
    jobs = cluster.jobs(small.folder, "embed")
    frozen = of(jobs, cluster.job(job)["Comment"])
    assert states(frozen) == ["CANCELLED", "COMPLETED"]
    assert states([job for job in jobs if job not in frozen]) == ["COMPLETED"]
    n_estimates = len(cluster.jobs(small.folder, "estimate"))
    assert n_estimates in (2, 3)
    check(
        cluster,
        small,
        undisturbed,
        record_property,
        {"embed": 3, "estimate": n_estimates, "aggregate": 1},
    )


def test_restarted_controller(cluster, small, undisturbed, record_property):
    process = small.snakemake(*SMALL, *QUICK, *NO_GPU, environment=cluster.environment)
    cluster.running(small.folder, "embed")
    cluster.stop_controller()
    time.sleep(15)  # long enough for Snakemake to ask in vain
    cluster.start_controller()
    small.finish(process)
    check(cluster, small, undisturbed, record_property, {"embed": 2, "estimate": 2, "aggregate": 1})
