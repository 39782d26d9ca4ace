"""Messages to the outside: once under a key, taken by one, tried again until somebody parks them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import NotFound

NOW = datetime(2026, 1, 2, 14, 35, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_a_key_is_posted_once_and_the_first_message_stays(ledger):
    first = ledger.post("demo", "alert", "fill-1", {"text": "first"}, NOW)
    second = ledger.post("demo", "alert", "fill-1", {"text": "second"}, NOW)

    assert (first, second) == (True, False)
    assert [item.payload for item in ledger.claim_outbox(["alert"], NOW)] == [{"text": "first"}]


def test_a_message_is_taken_by_one_until_its_lease_has_passed(ledger):
    ledger.post("demo", "alert", "fill-1", {}, NOW)

    assert len(ledger.claim_outbox(["alert"], NOW, lease_seconds=60)) == 1
    assert ledger.claim_outbox(["alert"], NOW + timedelta(seconds=59)) == ()
    assert [item.attempts for item in ledger.claim_outbox(["alert"], NOW + timedelta(seconds=60))] == [2]


def test_the_oldest_of_the_named_topics_come_first(ledger):
    ledger.post("demo", "alert", "b", {}, LATER)
    ledger.post("demo", "card", "c", {}, NOW)
    ledger.post("demo", "memory", "d", {}, NOW)
    ledger.post("demo", "alert", "a", {}, NOW)

    assert [item.key for item in ledger.claim_outbox(["alert", "card"], LATER, limit=2)] == ["a", "c"]


def test_what_was_delivered_is_never_taken_again(ledger):
    ledger.post("demo", "alert", "fill-1", {}, NOW)
    ledger.outbox_done("fill-1", NOW)
    ledger.outbox_failed("fill-1", "too late to fail", LATER)

    assert ledger.claim_outbox(["alert"], LATER) == ()
    assert ledger.outbox_waiting() == {}
    assert ledger.outbox_parked() == ()


def test_a_failed_delivery_waits_for_its_time_and_a_parked_one_for_a_person(ledger):
    ledger.post("demo", "alert", "fill-1", {}, NOW)
    ledger.outbox_failed("fill-1", "no answer", LATER)

    assert ledger.claim_outbox(["alert"], NOW) == ()
    assert len(ledger.claim_outbox(["alert"], LATER)) == 1

    ledger.outbox_failed("fill-1", "unknown chat", None)

    assert ledger.claim_outbox(["alert"], LATER + timedelta(days=1)) == ()
    assert [(item.key, problem) for item, problem in ledger.outbox_parked()] == [("fill-1", "unknown chat")]


def test_what_waits_is_counted_by_topic(ledger):
    for key, topic in (("a", "alert"), ("b", "alert"), ("c", "card")):
        ledger.post("demo", topic, key, {}, NOW)

    assert ledger.outbox_waiting() == {"alert": 2, "card": 1}
    assert ledger.outbox_waiting(["card"]) == {"card": 1}


def test_an_unknown_key_is_told(ledger):
    with pytest.raises(NotFound, match="nothing-here"):
        ledger.outbox_done("nothing-here", NOW)


def test_many_who_come_at_once_share_the_messages(ledger):
    for number in range(40):
        ledger.post("demo", "alert", f"n{number}", {}, NOW)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: ledger.claim_outbox(["alert"], NOW, limit=10), range(8)))

    keys = [item.key for items in taken for item in items]
    assert sorted(keys) == sorted({f"n{number}" for number in range(40)})
