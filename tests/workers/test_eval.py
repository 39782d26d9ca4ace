"""`pm eval`: all cases, without a network, with an exit that says whether the analyst passed."""

import socket

import pytest

from agent.analysts import ANALYSTS
from evals.cases import read_cases
from tests.evals.test_experiment import Reckless


@pytest.fixture
def offline(monkeypatch):
    """Note every attempt to reach anybody, and let none succeed."""
    tried = []

    def refuse(*given, **_):
        tried.append(given)
        raise OSError("there is no network")

    monkeypatch.delenv("BRAINTRUST_API_KEY", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


def test_the_baseline_passes_all_cases_offline(fresh, offline):
    report = fresh.json("eval", "--analyst", "quant")

    assert report["passed"]
    assert report["cases"] == len(read_cases().cases) >= 60
    assert all(mark["n"] > 0 for mark in report["marks"])
    assert offline == []


def test_a_bad_analyst_is_below_the_pass_mark_and_the_command_fails(fresh, offline, monkeypatch):
    class Connected(Reckless):
        @classmethod
        def connect(cls, *_):
            return cls()

    monkeypatch.setitem(ANALYSTS._found, "reckless", Connected)

    said = fresh("eval", "--analyst", "reckless", "--json")

    assert said.code == 1
    assert not said.json["passed"]
    failed = {mark["scorer"] for mark in said.json["marks"] if mark["mean"] < mark["least"]}
    assert failed >= {"evidence_cited", "grounded", "follows_thesis", "sized_within_room"}
    assert fresh("eval", "--analyst", "reckless").code == 1
