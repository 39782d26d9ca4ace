"""What takes two people: one approver alone says it twice, a minute apart; of several, two say it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import BadInput
from graph.control import NeedsConfirmation, agree_to_flatten
from tests.graph.conftest import demo_mandate

PHRASE = "flatten demo"


class Wall:
    """The desk's clock, and a wall that moves when told."""

    replay = True

    def __init__(self, clock):
        self.now, self.session = clock.now, clock.session
        self.at = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)

    def wall(self):
        return self.at


@pytest.fixture
def ask(desk):
    """Say yes as somebody, some seconds after the last one."""
    clock = Wall(desk.clock)

    def say(by="local", after=0, approvers=("local",), phrase=PHRASE):
        clock.at += timedelta(seconds=after)
        mandate = demo_mandate(approvers=approvers)
        return agree_to_flatten(replace(desk.ctx, clock=clock, mandate=mandate), by, phrase)

    return say


def test_one_operator_says_it_twice_a_minute_apart(ask):
    first, early, late = ask(), ask(after=59), ask(after=1)

    assert [one.done for one in (first, early, late)] == [False, False, True]
    assert (late.how, late.not_before - first.not_before) == ("single operator", timedelta(0))


def test_a_first_yes_lapses(ask):
    ask()

    assert not ask(after=15 * 60 + 1).done


def test_of_several_approvers_two_say_it(ask):
    two = ("ann", "bob")
    first, again, second = ask("ann", approvers=two), ask("ann", 61, two), ask("bob", approvers=two)

    assert [one.done for one in (first, again, second)] == [False, False, True]
    assert (second.how, second.single_operator) == ("asked by ann, confirmed by bob", False)


def test_strangers_and_wrong_phrases_count_for_nothing(ask):
    two = ("ann", "bob")
    with pytest.raises(BadInput, match="mallory is no approver"):
        ask("mallory", approvers=two)
    with pytest.raises(NeedsConfirmation):
        ask("ann", approvers=two, phrase="yes")

    assert not ask("bob", approvers=two).done
