"""The examples in docstrings of what users call are there, and are true."""

import doctest
import importlib
import inspect

import lmi
import pytest
from helpers.finished import write_run

MODULES = (
    "lmi.api",
    "lmi.api_sklearn",
    "lmi.ksg.public",
    "lmi.model.fitted",
    "lmi.results.load",
    "lmi.tasks.registry",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    write_run(folder)
    return folder


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted
    assert not outcome.failed


def test_what_users_call_has_an_example():
    called = [lmi.estimate, lmi.load, lmi.load_model, lmi.LatentMI]
    called += [lmi.ksg.mi, lmi.ksg.pointwise_mi, lmi.tasks.make]
    for one in called:
        assert one.__module__ in MODULES, one
        assert "Examples\n" in inspect.getdoc(one), one
