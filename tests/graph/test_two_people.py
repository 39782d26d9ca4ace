"""What takes two people: one approver alone says it twice, a minute apart; of several, two say it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import BadInput
from domain.people import Consent
from graph.control import NeedsConfirmation, agree_to_flatten
from graph.two_people import CARD_WITHIN, agree
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

    def say(by="local", after=0, approvers=("local",), phrase=PHRASE, **how):
        clock.at += timedelta(seconds=after)
        mandate = demo_mandate(approvers=approvers)
        return agree_to_flatten(replace(desk.ctx, clock=clock, mandate=mandate), by, phrase, **how)

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
    assert (second.how, second.single_operator) == ("two people: ann and bob", False)


def test_strangers_and_wrong_phrases_count_for_nothing(ask):
    two = ("ann", "bob")
    with pytest.raises(BadInput, match="mallory is no approver"):
        ask("mallory", approvers=two)
    with pytest.raises(NeedsConfirmation):
        ask("ann", approvers=two, phrase="yes")

    assert not ask("bob", approvers=two).done


def test_a_second_name_counts_beside_one_approver_only_where_it_is_known_who_is_who(ask):
    ask("ann")

    assert not ask("bob").done
    assert ask("bob", known=True).how == "two people: ann and bob"


def test_a_tap_is_no_second_yes_where_a_phrase_has_to_be_typed(ask):
    ask()

    assert not ask(after=60, again=False).done
    assert ask(again=True).how == "single operator"


def test_of_two_quantities_the_smaller_counts_and_for_ten_minutes(desk):
    at, mandate = datetime(2026, 1, 2, 12, 0, tzinfo=UTC), demo_mandate(approvers=("ann", "bob"))

    def yes(person, quantity, after):
        moment = at + timedelta(minutes=after)
        given = Consent(portfolio="demo", subject="P-1", version=1, person=person, quantity=quantity, at=moment)
        return agree(desk.ctx.ledger, mandate, given, CARD_WITHIN)

    first, lapsed, second = yes("ann", 10.0, 0), yes("bob", 30.0, 11), yes("ann", 20.0, 12)

    assert [(one.done, one.quantity) for one in (first, lapsed, second)] == [(False, 10.0), (False, 30.0), (True, 20.0)]
    assert lapsed.until == at + timedelta(minutes=21)
