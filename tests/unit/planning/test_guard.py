"""A run is held by one Snakemake at a time."""

import asyncio
from types import SimpleNamespace

import pytest
from lmi.base.errors import InputError
from lmi.planning import guard


def test_run_is_held_by_one(tmp_path):
    with guard.begin(tmp_path / "run"), pytest.raises(InputError, match="another Snakemake"):
        guard.begin(tmp_path / "run")
    guard.begin(tmp_path / "run").close()
    with guard.begin(tmp_path / "run"):
        guard.begin(tmp_path / "other").close()


def test_jobs_of_the_last_run_are_cancelled(tmp_path, monkeypatch):
    cancelled = []
    monkeypatch.setattr(guard, "cancel_slurm_jobs", cancelled.append)
    for slurm_run in ("first", None, "third"):
        guard.begin(tmp_path, slurm_run).close()
    assert cancelled == ["first"]


def test_jobs_are_cancelled_before_planning_unless_their_snakemake_lives(tmp_path, monkeypatch):
    cancelled = []
    monkeypatch.setattr(guard, "cancel_slurm_jobs", cancelled.append)
    with guard.begin(tmp_path, "first"):
        guard.clear_up(tmp_path)
        assert not cancelled
    guard.clear_up(tmp_path)
    assert cancelled == ["first"]
    guard.begin(tmp_path, "second").close()
    assert cancelled == ["first"]


@pytest.mark.parametrize("content", [b"\xff\xfe\0garbage", b"a\0b", b"--all", b"x" * 5000, b"a,b"])
def test_a_name_that_cannot_be_read_stops_nothing(tmp_path, monkeypatch, caplog, content):
    cancelled = []
    monkeypatch.setattr(guard, "cancel_slurm_jobs", cancelled.append)
    (tmp_path / ".running").write_bytes(content)
    guard.begin(tmp_path, "next").close()
    assert not cancelled and "squeue --me" in caplog.text
    assert (tmp_path / ".running").read_bytes() == b"next"


def test_jobs_without_an_answer_are_asked_for_again():
    jobs = [SimpleNamespace(external_jobid=str(i)) for i in range(3)]
    ended = []

    async def check(asked):
        """Job 0 has ended, 1 runs, and of 2 nothing is known."""
        if jobs[0] in asked:
            executor.report_job_success(jobs[0])
        yield jobs[1]

    executor = SimpleNamespace(
        check_active_jobs=check, report_job_success=ended.append, report_job_error=ended.append
    )
    guard.keep_jobs(executor)

    async def ask(asked):
        return [job async for job in executor.check_active_jobs(asked)]

    assert asyncio.run(ask(jobs)) == jobs[1:]
    assert asyncio.run(ask(jobs[1:])) == jobs[1:]
    assert ended == jobs[:1]
