"""Blind questions: tickers, company names and dates are masked, so that a model can't remember what came next."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from domain.ports import Analyst
from domain.research import (
    Answer,
    ModelCall,
    ProposalQuestion,
    Proposals,
    Question,
    ResearchNote,
    Thesis,
    ThesisQuestion,
)
from domain.value import Value

V = TypeVar("V", bound=Value)
Q = TypeVar("Q", bound=Question)
FIRST_DAY = date(2200, 1, 6)
"""Where the first day of a blind replay falls: a Monday that nobody has lived through."""
DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


class Disguise:
    """Masks what a question shows and takes the mask off the answer; the same mandate and day give the same mask.

    Symbols become S01, S02, ... in an order that has nothing to do with the alphabet, names Company 01, ..., and every
    date moves by one number of whole weeks. Price levels and sectors stay as they are.
    """

    def __init__(self, names: Mapping[str, str], first: date) -> None:
        shuffled = sorted(names, key=lambda symbol: hashlib.sha256(f"{first}/{symbol}".encode()).hexdigest())
        width = max(2, len(str(len(shuffled))))
        labels = {symbol: f"{place:0{width}d}" for place, symbol in enumerate(shuffled, start=1)}
        masks = {symbol: f"S{label}" for symbol, label in labels.items()}
        masks |= {name: f"Company {labels[symbol]}" for symbol, name in names.items() if name not in masks}
        monday = first - timedelta(days=first.weekday())
        self._mask = _Swap(masks, FIRST_DAY - monday)
        self._unmask = _Swap({mask: real for real, mask in masks.items()}, monday - FIRST_DAY)

    def mask(self, value: V) -> V:
        """Mask every text, key and date of a value."""
        return type(value).model_validate(self._mask.swapped(value.model_dump(mode="json")))

    def unmask(self, value: V) -> V:
        """Undo `mask`."""
        return type(value).model_validate(self._unmask.swapped(value.model_dump(mode="json")))

    def unmasked_text(self, text: str) -> str:
        """Undo `mask` in a text."""
        return self._unmask.text(text)


class BlindAnalyst:
    """An analyst behind a disguise: it is asked masked questions, its answers name the real things again."""

    def __init__(self, analyst: Analyst, disguise: Disguise) -> None:
        self._analyst = analyst
        self._disguise = disguise
        self.name = analyst.name
        self.baseline = analyst.baseline
        self.assumptions = (*analyst.assumptions, "blind: the analyst was shown no ticker, company name or date")

    def warm(self) -> None:
        """Load what the first question would have to wait for."""
        self._analyst.warm()

    def research(self, question: Question) -> Answer[ResearchNote]:
        """Describe the market in a few sentences."""
        return self._told(self._analyst.research(self._masked(question)))

    def thesis(self, question: ThesisQuestion) -> Answer[Thesis]:
        """Argue for and against one symbol."""
        return self._told(self._analyst.thesis(self._masked(question)))

    def propose(self, question: ProposalQuestion) -> Answer[Proposals]:
        """Turn the theses into proposals, jointly."""
        return self._told(self._analyst.propose(self._masked(question)))

    def _masked(self, question: Q) -> Q:
        # The slot is in no prompt: it says who pays.
        return self._disguise.mask(question).model_copy(update={"slot": question.slot})

    def _told(self, answer: Answer[V]) -> Answer[V]:
        calls: tuple[ModelCall, ...] = tuple(self._disguise.unmask(call) for call in answer.calls)
        value = None if answer.value is None else self._disguise.unmask(answer.value)
        return answer.model_copy(
            update={"value": value, "problem": self._disguise.unmasked_text(answer.problem), "calls": calls}
        )


class _Swap:
    def __init__(self, words: Mapping[str, str], shift: timedelta) -> None:
        longest_first = sorted(words, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])")
        self._words = words
        self._shift = shift

    def swapped(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.swapped(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.swapped(inner) for inner in value]
        return value

    def text(self, text: str) -> str:
        swapped = self._pattern.sub(lambda found: self._words[found.group()], text)
        return DAY.sub(self._moved, swapped)

    def _moved(self, found: re.Match[str]) -> str:
        try:
            return (date.fromisoformat(found.group()) + self._shift).isoformat()
        except (ValueError, OverflowError):  # looks like a date and is none
            return found.group()
