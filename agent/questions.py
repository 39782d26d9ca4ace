"""The three questions in words: which numbers each prompt shows, and how it stays within its length."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from agent.drafts import ProposalsDraft, ResearchDraft, ThesisDraft, strict_schema
from agent.prompt import PROMPT_CHARACTERS, Prompt, ask, outside
from domain.market import Headline
from domain.research import Desk, HeldPosition, Memory, ProposalQuestion, Question, ResearchNote, ThesisQuestion
from domain.scan import Fact, Scan, Signal

SHARES = (1.0, 0.75, 0.55, 0.4, 0.3, 0.2, 0.12, 0.06, 0.03)
FACTS = 60
FACT_WIDTH = 200
NAME_WIDTH = 60
ARGUMENT_WIDTH = 420
SUMMARY_WIDTH = 900
SYMBOLS = 60
HEADLINES, HEADLINE_WIDTH, HEADLINE_SYMBOLS, SOURCE_WIDTH = 12, 160, 6, 24
MEMORIES, MEMORY_WIDTH = 6, 300


def research_prompt(question: Question) -> Prompt:
    """Show the market facts, and the signals of the short list and of what is held."""
    scan, desk = question.scan, question.desk
    held = {position.symbol for position in desk.positions}
    symbols = list(dict.fromkeys([*scan.shortlist, *scan.reviews, *sorted(held)]))

    def data(share: float) -> dict[str, Any]:
        return {
            "market_facts": _facts(scan.facts_of("MARKET"), share),
            "signals": {symbol: _signal(scan, desk, symbol) for symbol in _some(symbols, SYMBOLS, share)},
            "signals_in_all": len(scan.signals),
            "signals_positive": sum(signal.score > 0 for signal in scan.signals),
            "cash": _round(desk.room.cash),
            **_outside(question.headlines, question.memories, share),
        }

    return _fitting(lambda share: ask("research", "", _schema(ResearchDraft), data(share), **_words(scan)))


def thesis_prompt(question: ThesisQuestion) -> Prompt:
    """Show one symbol's facts and signal, the market facts and the research."""
    scan, desk, symbol = question.scan, question.desk, question.symbol

    def data(share: float) -> dict[str, Any]:
        return {
            "symbol": symbol,
            "name": _clip(desk.names.get(symbol, symbol), NAME_WIDTH),
            "sector": _clip(desk.sectors.get(symbol, "unknown"), NAME_WIDTH),
            "signal": _signal(scan, desk, symbol),
            "facts": _facts(scan.facts_of(symbol), share),
            "market_facts": _facts(scan.facts_of("MARKET"), share),
            "research": _note(question.note, share),
            **_outside(
                [item for item in question.headlines if symbol in item.symbols],
                [memory for memory in question.memories if memory.symbol == symbol],
                share,
            ),
        }

    words = _words(scan) | {"symbol": symbol}
    words.pop("regime")
    return _fitting(lambda share: ask("thesis", symbol, _schema(ThesisDraft), data(share), **words))


def proposal_prompt(question: ProposalQuestion) -> Prompt:
    """Show the theses in short, and the desk: what is held, what waits, and the room under each limit."""
    scan, desk = question.scan, question.desk

    def data(share: float) -> dict[str, Any]:
        theses = {
            thesis.symbol: {
                "stance": thesis.stance,
                "confidence": _round(thesis.confidence),
                "expected_upside_pct": _round(thesis.expected_upside_pct),
                "worst_case_loss_pct": _round(thesis.worst_case_loss_pct),
                "time_horizon_days": thesis.time_horizon_days,
                "for": _clip(thesis.bull_case, ARGUMENT_WIDTH * share),
                "against": _clip(thesis.bear_case, ARGUMENT_WIDTH * share),
                "signal": _brief(scan, desk, thesis.symbol),
                "sector": _clip(desk.sectors.get(thesis.symbol, "unknown"), NAME_WIDTH),
            }
            for thesis in question.theses
        }
        return {"theses": theses, "desk": _desk(desk, share), "regime": _clip(question.note.regime_view, 300 * share)}

    session = scan.session.isoformat()
    return _fitting(lambda share: ask("propose", "", _schema(ProposalsDraft), data(share), session=session))


def _fitting(build: Callable[[float], Prompt]) -> Prompt:
    prompt = build(SHARES[0])
    for share in SHARES[1:]:
        if prompt.characters <= PROMPT_CHARACTERS:
            break
        prompt = build(share)
    return prompt


@cache
def _schema(draft: type[BaseModel]) -> dict[str, Any]:
    return strict_schema(draft)


def _words(scan: Scan) -> dict[str, str]:
    return {
        "session": scan.session.isoformat(),
        "style": scan.style.value.replace("_", " "),
        "regime": scan.regime.value,
    }


def _facts(facts: Iterable[Fact], share: float) -> dict[str, str]:
    return {fact.id: _clip(fact.text, FACT_WIDTH) for fact in _some(list(facts), FACTS, share)}


def _some(items: list[Any], most: int, share: float) -> list[Any]:
    return items[: max(1, int(most * share))]


def _signal(scan: Scan, desk: Desk, symbol: str) -> dict[str, Any]:
    signal = scan.signal_of(symbol)
    return {"weight_held": _round(_weight(desk.positions, symbol))} | (_numbers(signal) if signal else {})


def _brief(scan: Scan, desk: Desk, symbol: str) -> dict[str, Any]:
    full = _signal(scan, desk, symbol)
    return {name: full[name] for name in ("weight_held", "score", "volatility") if name in full}


def _numbers(signal: Signal) -> dict[str, Any]:
    return {
        "score": _round(signal.score),
        "rank": signal.rank,
        "ended_higher": None if signal.hit_rate is None else _round(signal.hit_rate),
        "past_cases": signal.cases,
        "horizon_sessions": signal.horizon_sessions,
        "volatility": _round(signal.volatility),
        "mean_daily_move": _round(signal.mean_abs_move),
    }


def _note(note: ResearchNote, share: float) -> dict[str, str]:
    return {"summary": _clip(note.summary, SUMMARY_WIDTH * share), "regime_view": _clip(note.regime_view, 300 * share)}


def _desk(desk: Desk, share: float) -> dict[str, Any]:
    positions = [
        {
            "symbol": position.symbol,
            "weight": _round(position.weight),
            "gain": _round(position.gain),
            "held_sessions": position.held_sessions,
            "review": position.review,
        }
        for position in desk.positions
    ]
    return {
        "positions": _some(positions, SYMBOLS, share),
        "positions_in_all": len(positions),
        "waiting": _some(sorted(desk.waiting), SYMBOLS, share),
        "room": {
            "cash": _round(desk.room.cash),
            "gross": _round(desk.room.gross),
            "per_position": _round(desk.room.per_position),
            "per_sector": {_clip(name, NAME_WIDTH): _round(left) for name, left in desk.room.per_sector.items()},
        },
        "target_position_pct": _round(desk.target_position_pct),
        "min_order_pct": _round(desk.min_order_pct),
    }


def _outside(headlines: Sequence[Headline], memories: Sequence[Memory], share: float) -> dict[str, Any]:
    """What strangers and earlier runs wrote, newest first, under a name that says so; nothing where there is none."""
    news = sorted(headlines, key=lambda item: (item.at, item.id), reverse=True)
    past = sorted(memories, key=lambda memory: (memory.at, memory.episode_id), reverse=True)
    texts: dict[str, Any] = {}
    if news:
        texts["headlines"] = [
            {
                "at": item.at.isoformat(timespec="minutes"),
                "source": outside(item.source, SOURCE_WIDTH),
                "symbols": [outside(name, SOURCE_WIDTH) for name in item.symbols[:HEADLINE_SYMBOLS]],
                "title": outside(item.title, HEADLINE_WIDTH),
            }
            for item in _some(news, HEADLINES, share)
        ]
    if past:
        texts["memories"] = [
            {
                "at": one.at.date().isoformat(),
                "symbol": outside(one.symbol, SOURCE_WIDTH),
                "text": outside(one.text, MEMORY_WIDTH),
            }
            for one in _some(past, MEMORIES, share)
        ]
    return {"outside_text": texts} if texts else {}


def _weight(positions: Iterable[HeldPosition], symbol: str) -> float:
    return sum((position.weight for position in positions if position.symbol == symbol), 0.0)


def _round(number: float) -> float:
    return round(number, 4)


def _clip(text: str, width: float) -> str:
    return outside(text, max(20, int(width)))
