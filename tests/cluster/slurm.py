"""A private SLURM on one machine: three nodes on loopback, the first with two GPUs that are fake.

Everything lies in one temporary folder. There is no systemd, no cgroup and no accounting daemon:
what SLURM recorded is asked of its controller, which forgets no job while it runs.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

NODES = {"node1": 4, "node2": 2, "node3": 2}
"""CPUs of each node, more than there are."""

# node1 has room for three jobs, so that it is the GPUs that a third one waits for.
CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
TaskProlog={folder}/prolog
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
# Jobs stay known after their end: the plugin asks squeue, and so do the tests.
MinJobAge=3600
# A node that says nothing is given up quickly, and its jobs fail instead of starting again.
SlurmdTimeout=10
JobRequeue=0
ReturnToService=2
KillWait=5
OverTimeLimit=0
# Memory is looked at every second, and a job with more than it asked for is ended.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
GresTypes=gpu
{nodes}
PartitionName=main Nodes=node2,node3 Default=YES State=UP
PartitionName=gpu Nodes=node1 State=UP
"""

# SLURM wants a character device for each GPU and never touches it.
GPUS = """
NodeName=node1 Name=gpu File=/dev/null
NodeName=node1 Name=gpu File=/dev/zero
"""

# Runs before each step of a job: notes what the step is given.
PROLOG = """#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES-none}}" >> {folder}/devices
"""

# The plugin clears the environment of its inner srun, with it the place of the configuration,
# which is below /etc on any other cluster.
SRUN = """#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""

# States that are not the end of a job.
ACTIVE = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED")


def wait_for(condition, what, seconds=300):
    """Wait until `condition()` is true; return its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


class Cluster:
    """A SLURM of its own, from `start` to `stop`.

    Attributes
    ----------
    folder : Path
    environment : dict
        For the commands of SLURM and for Snakemake.
    """

    def __init__(self):
        # munged insists on a folder that others may look through
        self.folder = Path(tempfile.mkdtemp(prefix="lmi-slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        names = {"folder": self.folder, "srun": shutil.which("srun")}
        host = socket.gethostname().partition(".")[0]
        port, *ports = free_ports(1 + len(NODES))
        nodes = [
            f"NodeName={node} NodeAddr=127.0.0.1 NodeHostname={host} Port={port} CPUs={cpus} "
            f"RealMemory=32000 {'Gres=gpu:2' if node == 'node1' else ''}"
            for (node, cpus), port in zip(NODES.items(), ports, strict=True)
        ]
        user = subprocess.check_output(["id", "-un"], text=True).strip()
        config = CONFIG.format(**names, host=host, port=port, user=user, nodes="\n".join(nodes))
        (self.folder / "slurm.conf").write_text(config)
        (self.folder / "gres.conf").write_text(GPUS)
        (self.folder / "state").mkdir()
        (self.folder / "bin").mkdir()
        for path, script in (("prolog", PROLOG), ("bin/srun", SRUN)):
            (self.folder / path).write_text(script.format(**names))
            (self.folder / path).chmod(0o755)
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o600)
        self.environment = os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin",
        }

    def call(self, *command):
        """Run a command of SLURM; return what it prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    # ---- daemons

    def start(self):
        """Start all daemons; return when every node takes jobs."""
        munge = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munge.pid",
            "log-file": "munge.log",
            "seed-file": "munge.seed",
        }
        self.call("munged", *(f"--{key}={self.folder / name}" for key, name in munge.items()))
        self.start_controller()
        for node in NODES:
            self.start_node(node)

    def start_controller(self):
        """Start slurmctld, with the jobs that it knew when it was stopped."""
        self.call("slurmctld")

    def stop_controller(self):
        """Stop slurmctld."""
        self._stop("slurmctld.pid")

    def start_node(self, node):
        """Start a slurmd; return when its node takes jobs."""
        self.call("slurmd", "-N", node)
        up = ("idle", "mixed", "allocated")
        try:
            wait_for(lambda: self.call("sinfo", "-hn", node, "-o", "%T").split()[0] in up, node, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.log('slurmctld')}{self.log(node)}") from None

    def kill_node(self, node):
        """End a node as a power cut does: its slurmd, then the jobs on it, with SIGKILL."""
        jobs = {job["JobId"] for job in self.jobs() if job.get("NodeList") == node}
        tasks = [p for p in self._processes() if p.environ().get("SLURM_JOB_ID") in jobs]
        # The watchers of the jobs before the jobs, or they would report the end.
        watchers = {task.parent() for task in tasks if task.parent().name() == "slurmstepd"}
        daemon = psutil.Process(int((self.folder / f"{node}.pid").read_text()))
        for process in (daemon, *watchers, *tasks):
            process.kill()

    def stop(self):
        """End all jobs and daemons, and remove the folder."""
        if (self.folder / "slurmctld.pid").exists():
            subprocess.run(["scancel", "--me"], env=self.environment, check=False)
        self._stop(*(f"{node}.pid" for node in NODES), "slurmctld.pid", "munge.pid")
        for process in self._processes():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self, *names):
        """End the daemons of these pid files."""
        processes = []
        for name in names:
            # A daemon that did not start or was killed has no file, or an old one.
            with contextlib.suppress(OSError, ValueError, psutil.Error):
                process = psutil.Process(int((self.folder / name).read_text()))
                if process in self._processes():
                    process.terminate()
                    processes.append(process)
        end = time.monotonic() + 10
        while time.monotonic() < end and any(map(alive, processes)):
            time.sleep(0.1)
        for process in filter(alive, processes):
            process.kill()

    def _processes(self):
        """Return the processes of this cluster, daemons and jobs."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("SLURM_CONF") == self.environment["SLURM_CONF"]:
                    found.append(process)
            except psutil.Error:
                pass
        return [process for process in found if process.pid != os.getpid()]

    # ---- jobs

    def jobs(self, folder=None, rule=None):
        """Return SLURM's own records of all jobs, or of those of a run and of a rule.

        Parameters
        ----------
        folder : Path, optional
            Of the run.
        rule : str, optional
        """
        text = self.call("scontrol", "show", "job", "--details", "--oneliner")
        records = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in text.splitlines()]
        return [
            job
            for job in records
            if "JobId" in job
            and folder in (None, Path(job["WorkDir"]))
            and rule in (None, job["Comment"].split("_")[1])
        ]

    def job(self, number):
        """Return SLURM's record of one job."""
        return next(job for job in self.jobs() if job["JobId"] == number)

    def running(self, folder, rule):
        """Wait for a job of a rule to have its script running; return its number."""

        def found():
            steps = self.call("squeue", "--steps", "--noheader", "--format=%i").split()
            for job in self.jobs(folder, rule):
                if job["JobState"] == "RUNNING" and f"{job['JobId']}.0" in steps:
                    return job["JobId"]
            return None

        return wait_for(found, f"a running job of {rule}")

    def freeze(self, job):
        """Stop a running job where it stands: it stays, and gets nowhere.

        A process that was started while the others were being stopped would go on, and write the
        job's output: they are looked for until two looks in a row find none that runs.
        """
        quiet = 0
        while quiet < 2:
            running = [process for process in self._processes() if runs_in(process, job)]
            for process in running:
                with contextlib.suppress(psutil.NoSuchProcess):  # a child of a moment
                    process.send_signal(signal.SIGSTOP)
            quiet = 0 if running else quiet + 1
            time.sleep(0.1)

    def log(self, daemon):
        """Return what a daemon said: slurmctld, or the slurmd of a node."""
        return (self.folder / f"{daemon}.log").read_text()

    def devices(self):
        """Return CUDA_VISIBLE_DEVICES of each job as its steps saw it: job -> set of values."""
        seen = {}
        for line in (self.folder / "devices").read_text().splitlines():
            job, value = line.split()
            seen.setdefault(job, set()).add(value)
        return seen


def runs_in(process, job):
    """Return whether a process is of a job, and neither stopped nor ended."""
    still = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    try:
        return process.environ().get("SLURM_JOB_ID") == job and process.status() not in still
    except psutil.Error:
        return False


def alive(process):
    """Return whether a process runs; one that ended may wait for its parent to notice."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_ports(n):
    """Return ports that nobody listens on, others for every process: several start at once."""
    first = os.getpid()
    while True:
        # Below the ports that the system hands out for connections, 4 a process.
        ports = [20000 + first % 2500 * 4 + i for i in range(n)]
        if all(map(free, ports)):
            return ports
        first += 617


def free(port):
    """Return whether nobody listens on a port."""
    with socket.socket() as each:
        return each.connect_ex(("127.0.0.1", port)) != 0
