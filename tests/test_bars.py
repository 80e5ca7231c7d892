"""A bar tells how far long work is, where somebody is looking, and nowhere else."""

import io
import sys

import numpy as np
import pytest

import segregation_tools as sgt
from segregation_tools.kernels import pool
from tests.planning.towns import Town


class Terminal(io.StringIO):
    def isatty(self):
        return True


def looked_at(monkeypatch, patience=0.0):
    monkeypatch.setattr(pool, "PATIENCE", patience)
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


POP = sgt.Population(np.random.default_rng(1).integers(5, 90, (2, 30)), ["a", "b"])
WORK = {
    "bootstrap": lambda: sgt.bootstrap(sgt.dissimilarity, POP, draws=50, rng=1),
    "null_test": lambda: sgt.null_test(sgt.dissimilarity, POP, draws=50, rng=1),
    "summary": lambda: sgt.summary(POP, rng=1, draws=20),
    "rezone": lambda: Town(blocks=40, schools=3).rezone(steps=2000),
}


@pytest.mark.parametrize("verb", WORK)
def test_long_work_tells_how_far_it_is(verb, monkeypatch):
    terminal = looked_at(monkeypatch)
    WORK[verb]()
    assert "%|" in terminal.getvalue()


@pytest.mark.parametrize("verb", WORK)
def test_short_work_says_nothing(verb, monkeypatch):
    terminal = looked_at(monkeypatch, 60.0)
    WORK[verb]()
    assert not terminal.getvalue()


def test_nobody_looking_sees_nothing_and_a_search_can_be_silent(monkeypatch):
    terminal = looked_at(monkeypatch)
    Town(blocks=40, schools=3).rezone(steps=2000, progress=False)
    assert not terminal.getvalue()
    nobody = io.StringIO()
    monkeypatch.setattr(sys, "stderr", nobody)
    monkeypatch.setattr(pool, "_seen", lambda: False)
    WORK["bootstrap"]()
    assert not nobody.getvalue()
    Town(blocks=40, schools=3).rezone(steps=2000, progress=True)
    assert "%|" in nobody.getvalue()


def test_a_bar_changes_no_draw(monkeypatch):
    terminal = looked_at(monkeypatch)
    seen = WORK["bootstrap"]().draws
    assert "%|" in terminal.getvalue()
    monkeypatch.setattr(pool, "PATIENCE", 60.0)
    np.testing.assert_array_equal(WORK["bootstrap"]().draws, seen)
