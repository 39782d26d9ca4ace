"""Cards of every kind: drawn from a real desk, within Telegram's limits, with nothing in them that a client obeys."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.notices import Notice, NoticeKind
from domain.people import Consent
from domain.proposal import Origin
from domain.records import Approval, Control, ProposalStatus
from domain.research import Thesis
from domain.scan import Fact
from domain.verdict import Outcome, RuleResult
from tests.people.conftest import NOON, open_house
from tests.standins.telegram import TelegramServer
from workers.cards import short
from workers.cards.approval import card, reason_buttons, size_buttons, waiting_buttons
from workers.cards.text import JOINER, defused, fits, joined, quoted, units_of
from workers.cards.trace import trace
from workers.cards.view import look_at

WRITING = st.text(st.characters(codec="utf-8"), max_size=400) | st.text("🙂👩‍👩‍👧<>&\"'/@.:#", max_size=1500)
CLICKABLE = re.compile(r"https?:|www\.|t\.me/|(?<![\w])[/@#$]\w|\w\.[a-z]{2,}", re.IGNORECASE)
STATUSES = [status for status in ProposalStatus if status not in {ProposalStatus.SCHEDULED, ProposalStatus.JUDGED}]


def takes(html: str) -> str:
    """Let Telegram's stand-in judge a text; it raises where Telegram would refuse."""
    TelegramServer._check({"text": html, "parse_mode": "HTML"})
    assert len(html) <= 3_500
    assert units_of(html) <= 4_096
    return html


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A waiting proposal as a card sees it, and the mandate."""
    with open_house(tmp_path_factory.mktemp("cards") / "home") as house:
        record = house.wait_for_answer("AMD", 0.02)
        verdicts = house.ledger.verdicts(record.id)
        yield look_at(house.ledger, house.desk.clock, record), house.desk.mandate, verdicts


def as_it_gets(view, **fields):
    """The same card with other facts: `status`, `problem` and so on of its record among them."""
    record = {name: fields.pop(name) for name in list(fields) if name in type(view.record).model_fields}
    return view.model_copy(update={"record": view.record.model_copy(update=record), **fields})


def an_answer(view, answer="approve", by="alice", **fields):
    given_ = {"proposal_id": view.record.id, "version": 1, "answer": answer, "by": by, "channel": "telegram"}
    given_ |= {"at": view.now, "payload_hash": "x", "quantity": 10.0}
    return Approval.model_validate(given_ | fields)


def test_the_question_shows_all_that_a_person_needs(drawn):
    view, mandate, _ = drawn

    text = takes(card(view, mandate))

    for wanted in (
        "APPROVE?",
        f"P-{view.record.id} v1",
        "<b>BUY",
        "AMD</b>",
        "of equity) at 10.98",
        "Last close 10.98 of 2017-05-25",
        "Exit: stop",
        "risk $",
        "FOR</b> (person)",
        "AGAINST</b>",
        "<b>model_risk</b>",
        "<b>volatility_limit</b>: AMD moves by 84.3 % a year (soft 60 %, hard 100 %)",
        "rules passed",
        "Takes one operator, twice: 2 soft limits are overridden",
        "State ACTIVE",
        "<b>PAPER</b>",
        "open until 2017-05-26 15:50 ET",
    ):
        assert wanted in text, wanted


def test_a_live_card_tells_the_age_of_its_price_and_the_time_left(drawn):
    view, mandate, _ = drawn
    live = as_it_gets(view, replay=False, expires_at=view.now + timedelta(minutes=14, seconds=52))

    assert "(14:52 left)" in takes(card(live, mandate))


def test_both_sides_are_argued_with_their_sources(drawn):
    view, mandate, _ = drawn
    thesis = Thesis(
        symbol="AMD",
        bull_case="Margins <b> grow",
        bear_case="Rivals & debt",
        stance="bullish",
        confidence=0.6,
        expected_upside_pct=5,
        worst_case_loss_pct=2,
        time_horizon_days=30,
        invalidation="x",
    )
    fact = Fact(id="AMD.rank", text="rank 1", value=1.0, session=view.record.session)
    argued = as_it_gets(view, thesis=thesis, origin=Origin.MODEL, facts=(fact,))

    text = takes(card(argued, mandate))

    assert "FOR</b> (model): Margins &lt;b&gt; grow" in text
    assert "AGAINST</b>: Rivals &amp; debt" in text
    assert f"Sources: AMD.{JOINER}rank 2017-05-26" in text


@pytest.mark.parametrize("status", STATUSES)
def test_every_state_has_a_card(drawn, status, tmp_path):
    view, mandate, _ = drawn
    answers = {
        ProposalStatus.DECLINED: "reject",
        ProposalStatus.EXPIRED: "expire",
        ProposalStatus.SUPERSEDED: "supersede",
    }
    answer = an_answer(view, answers.get(status, "approve"))
    waits = status is ProposalStatus.AWAITING
    seen = as_it_gets(
        view,
        status=status,
        approval=None if waits else answer,
        approved_by=answer if answer.answer == "approve" and not waits else None,
    )

    text = takes(card(seen, mandate))
    (tmp_path / f"{status.value}.html").write_text(text, encoding="utf-8")

    assert "PAPER" in text
    assert waits == bool(waiting_buttons(seen))
    assert {"declined": "❌ REJECTED", "expired": "⌛ EXPIRED", "executing": "✅ SUBMITTED"}.get(
        status.value, ""
    ) in text


def test_a_fill_shows_what_was_paid(drawn):
    from domain.orders import Fill
    from domain.trade import Side

    view, mandate, _ = drawn
    fills = tuple(
        Fill(
            execution_id=str(price),
            client_order_id="o",
            symbol="AMD",
            side=Side.BUY,
            quantity=Decimal(5),
            price=Decimal(price),
            at=view.now,
            session=view.record.session,
        )
        for price in (10, 12)
    )
    filled = as_it_gets(view, status=ProposalStatus.DONE, filled_quantity=10.0, quantity=10.0, fills=fills)
    filled = as_it_gets(filled, approval=an_answer(view), approved_by=an_answer(view))

    assert "→ filled 10 of" in takes(card(filled, mandate))
    assert "at 11.00 on average" in card(filled, mandate)
    assert "approved by <b>alice</b>" in card(filled, mandate)


def test_the_first_of_two_is_named_and_a_new_version_ends_the_old_card(drawn):
    view, mandate, _ = drawn
    yes = Consent(portfolio="demo", subject="x", version=1, person="@alice", at=NOON)
    half = as_it_gets(view, consents=(yes,))
    newer = as_it_gets(view, version=2)

    assert "1/2 @alice</b> 12:00:00 ET" in takes(card(half, mandate))
    assert "REPLACED" in takes(card(newer, mandate, 1))
    assert waiting_buttons(half, waits_for_second=True)[0][0][1] == "ap"
    assert len(waiting_buttons(half, waits_for_second=True)[0]) == 1


def test_short_messages_of_every_kind_fit(drawn, tmp_path):
    view, _, verdicts = drawn
    control = Control(state="HALTED", epoch=3, reason="<odd> & [b]", by="alice", changed_at=NOON)
    texts = {
        "digest": short.digest([view] * 40),
        "confirm": short.confirm(view, 10.0, "alice"),
        "confirm_flatten": short.confirm_control("flatten", "demo", "sell everything", "alice"),
        "confirm_resume": short.confirm_control("resume", "demo", "leaving HALTED", "alice"),
        "phrase": short.phrase_prompt("Second yes", "approve P-X", NOON, NOON + timedelta(minutes=9)),
        "size": short.size_prompt(view),
        "stopped": short.stopped(control, [f"pm-{i}" for i in range(300)], ["pm-1: <timeout>"] * 50),
        "why": trace(view, verdicts * 3, ()),
    }
    for kind in NoticeKind:
        told = Notice(kind=kind, portfolio="demo", headline="a <b> & www.evil.com", lines=("x" * 900,) * 20)
        texts[f"notice_{kind.value}"] = short.notice(told)
    for name, text in texts.items():
        (tmp_path / f"{name}.html").write_text(takes(text), encoding="utf-8")
        assert "PAPER" in text or name in {"size", "digest"}, name
    assert len(short.digest_buttons([view] * 40)) == 12
    assert [len(row) for row in size_buttons(view)] == [3, 2]
    assert len(reason_buttons()) == 5


@settings(max_examples=60)
@given(reason=WRITING, problem=WRITING, message=WRITING, by=WRITING)
def test_whatever_others_write_fits_and_is_never_obeyed(drawn, reason, problem, message, by):
    view, mandate, _ = drawn
    noisy = [
        RuleResult(rule=f"rule_{i}", outcome=Outcome.SOFT, observed=1.0, soft=0.5, hard=2.0, message=message)
        for i in range(30)
    ]
    verdict = view.record.verdict.model_copy(update={"results": tuple(noisy)})
    hostile = view.record.proposal.model_copy(update={"reason": reason or "x"})
    approval = an_answer(view, "reject", by=by, reason=problem)
    for status in (ProposalStatus.AWAITING, ProposalStatus.DECLINED):
        seen = as_it_gets(view, status=status, proposal=hostile, verdict=verdict, problem=problem, approval=approval)
        takes(card(seen, mandate))
    takes(trace(view, (verdict,) * 5, ()))
    takes(short.notice(Notice(kind=NoticeKind.PROBLEM, portfolio="demo", headline=message, lines=(problem,) * 30)))
    for text in (reason, problem, message):
        assert not CLICKABLE.search(defused(text).replace("[link]", ""))
        assert len(quoted(text)) <= 300 * 5


@pytest.mark.parametrize(
    "hostile",
    [
        "see https://evil.example/x now",
        "www.evil.com",
        "t.me/joinchat",
        "tg://resolve?domain=x",
        "write to me@evil.com",
        "/kill",
        "please /flatten now",
        "@admin",
        "#free",
        "evil.com",
        "a\u200b.b\u2028/kill",
        "\u202egnirts",
    ],
)
def test_links_commands_and_mentions_are_defused(hostile):
    made = defused(hostile)

    assert not CLICKABLE.search(made.replace("[link]", "")), made
    assert "\u202e" not in made


def test_numbers_and_sentences_stay_readable():
    assert defused("up 3.5 % at 187.40; then 1.2") == "up 3.5 % at 187.40; then 1.2"
    assert defused("margins grow. Debt falls.") == "margins grow. Debt falls."


@given(st.lists(st.text("🙂abc", max_size=900), max_size=12))
def test_lines_are_cut_whole_and_the_last_one_stays(lines):
    text = joined(lines, last=["PAPER"])

    assert fits(text)
    assert text.endswith("PAPER")
    assert all(line in [*lines, "…", "PAPER"] for line in text.split("\n"))


def test_a_moment_is_told_in_new_york_time():
    from workers.cards.text import clock_time

    assert clock_time(datetime(2026, 7, 1, 14, 36, 12, tzinfo=UTC), seconds=True) == "10:36:12 ET"
