"""The JSON contract of `pm`: what scripts may rely on."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.book import Book
from domain.mandate import Mandate
from domain.orders import IntentState, OrderIntent
from domain.records import ProposalRecord, Run
from domain.research import ModelCall
from domain.verdict import RuleResult


def run_json(
    run: Run, proposals: Iterable[ProposalRecord], orders: Iterable[OrderIntent], calls: Iterable[ModelCall]
) -> dict[str, Any]:
    """One run: what was decided, ordered and assumed, and what the model cost."""
    asked = list(calls)
    paid = [call for call in asked if not call.cached]
    return {
        "portfolio": run.portfolio,
        "slot": run.slot,
        "as_of": run.session.isoformat(),
        "analyst": run.analyst,
        "status": run.status.value,
        "proposals": [proposal_json(record) for record in proposals],
        "undecided": dict(run.undecided),
        "orders": [order_json(intent) for intent in orders],
        "model": {
            "calls": len(paid),
            "cached": len(asked) - len(paid),
            "prompt_tokens": sum(call.prompt_tokens for call in paid),
            "completion_tokens": sum(call.completion_tokens for call in paid),
            "cost_usd": round(sum(call.cost_usd for call in paid), 6),
        },
        "assumptions": list(run.assumptions),
    }


def proposal_json(record: ProposalRecord) -> dict[str, Any]:
    """One proposal with its latest verdict and every rule."""
    verdict = record.verdict
    return {
        "id": record.id,
        "version": record.version,
        "origin": record.origin.value,
        "batch_id": record.batch_id,
        "session": record.session.isoformat(),
        "symbol": record.proposal.symbol,
        "action": record.proposal.action.value,
        "asked_pct": record.proposal.position_size_pct,
        "asked_quantity": _number(record.trade.asked_quantity if record.trade else 0.0),
        "quantity": _number(verdict.quantity if verdict else 0.0),
        "filled_quantity": _number(record.filled_quantity),
        "sized_by": list(verdict.sized_by if verdict else record.trade.sized_by if record.trade else ()),
        "waits_behind": list(verdict.waits_behind) if verdict else [],
        "decision": verdict.decision.value if verdict else "none",
        "status": record.status.value,
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
        "breached": list(verdict.breached) if verdict else [],
        "rules": [rule_json(result) for result in verdict.results] if verdict else [],
        "confidence": record.proposal.confidence,
        "reason": record.proposal.reason,
        "ungrounded": list(record.trade.ungrounded if record.trade else ()),
        "problem": record.problem,
    }


def rule_json(result: RuleResult) -> dict[str, Any]:
    """One rule of a verdict."""
    return {
        "rule": result.rule,
        "outcome": result.outcome.value,
        "observed": result.observed,
        "soft": result.soft,
        "hard": result.hard,
        "largest_quantity": result.largest_quantity,
        "message": result.message,
    }


def order_json(intent: OrderIntent) -> dict[str, Any]:
    """One order as the ledger has it."""
    return {
        "client_order_id": intent.client_order_id,
        "proposal_id": intent.proposal_id,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "quantity": _number(float(intent.quantity)),
        "filled_quantity": _number(float(intent.filled_quantity)),
        "status": order_status(intent),
        "session": intent.session.isoformat(),
        "problem": intent.problem,
    }


def order_status(intent: OrderIntent) -> str:
    """The order's state in the words of brokers."""
    if intent.state is IntentState.DONE:
        return "filled" if intent.filled_quantity >= intent.quantity else "expired"
    words = {IntentState.PARTIAL: "partially_filled", IntentState.SUBMITTING: "pending"}
    return words.get(intent.state, intent.state.value.lower())


def positions_json(book: Book, mandate: Mandate, prices: Mapping[str, float]) -> dict[str, Any]:
    """The book: cash, equity and holdings, priced at the last closes known."""
    return {
        "portfolio": book.portfolio,
        "session": book.session.isoformat(),
        "cash": round(book.cash, 2),
        "equity": round(book.equity, 2),
        "positions": [
            {
                "symbol": symbol,
                "sector": mandate.sector(symbol),
                "quantity": _number(position.quantity),
                "price": round(prices[symbol], 4),
                "weight": round(position.quantity * prices[symbol] / book.equity, 6) if book.equity else 0.0,
                "average_price": round(position.average_price, 4),
            }
            for symbol, position in sorted(book.positions.items())
        ],
    }


def _number(units: float) -> int | float:
    return int(units) if float(units).is_integer() else units
