"""Answers that were usable, kept by the digest of their prompt, so that the same question is paid for once."""

import json
import os
import threading
from pathlib import Path


class AnswerCache:
    """A folder with one JSON file an answer; safe between threads and processes.

    A file that can't be read counts as absent and is rewritten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, prompt_digest: str) -> str | None:
        """Return the answer's text, or None when there is none that can be read."""
        try:
            entry = json.loads(self._path(prompt_digest).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(entry, dict) or entry.get("prompt_digest") != prompt_digest:
            return None
        text = entry.get("answer")
        return text if isinstance(text, str) else None

    def write(self, prompt_digest: str, model: str, text: str) -> None:
        """Keep an answer; the file appears whole or not at all."""
        path = self._path(prompt_digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"prompt_digest": prompt_digest, "model": model, "answer": text}
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        draft.write_text(json.dumps(entry, sort_keys=True), encoding="utf-8")
        draft.replace(path)

    def _path(self, prompt_digest: str) -> Path:
        return self._folder / prompt_digest[:2] / f"{prompt_digest}.json"
