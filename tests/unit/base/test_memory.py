"""A job that cannot fit is refused in one message, before it starts."""

import pytest
from lmi.base import memory
from lmi.base.errors import InputError


def test_a_job_larger_than_the_machine_is_refused():
    there = memory.total_mb()
    memory.check(memory.HEADROOM * there * 0.99)
    with pytest.raises(InputError, match=r"should take .* GB\. Give it fewer samples"):
        memory.check(memory.HEADROOM * there * 1.01)


@pytest.mark.parametrize("text, limit", [("max", None), ("4000000000", 4000.0), ("", None)])
def test_the_limit_of_a_container_counts(text, limit, tmp_path, monkeypatch):
    path = tmp_path / "memory.max"
    path.write_text(text)
    monkeypatch.setattr(memory, "CGROUP_LIMITS", ())
    whole = memory.total_mb()
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (str(path),))
    assert memory.total_mb() == (min(limit, whole) if limit else whole)
