"""`pm backup` and `pm restore`: one archive with a manifest, checked before anything is put back."""

import hashlib
import json
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from domain.book import ControlState
from domain.errors import AlreadyDecided, BadInput, OperatorNeeded
from memory.copies import copy_files, copy_tables, put_files, put_tables
from memory.ledger.migrations import HEAD
from memory.ledger.store import SqlLedger
from tools.clock import ReplayClock, wall_time
from workers.settings import Settings
from workers.storage import Storage, open_ledger
from workers.wiring import code_version

MANIFEST = "manifest.json"
BY = "restore"


class Archive(NamedTuple):
    """A backup: where, of what kind, how many bytes, and how many audit rows when it was checked."""

    path: Path
    kind: str
    made_at: datetime
    size: int
    audit_rows: int = 0


def back_up(settings: Settings, target: Path) -> Archive:
    """Copy ledger, checkpoints and the simulated broker's account while the desk goes on.

    Raises:
        BadInput: the file exists, or can't be written.
        LedgerDamaged: there is nothing to copy.
    """
    if target.exists():
        raise BadInput(f"{target} exists", "name another file; backups are never overwritten")
    kind, now = ("sqlite" if settings.postgres is None else "postgres"), wall_time()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        files = list(
            copy_files(settings.home_path, place)
            if settings.postgres is None
            else copy_tables(settings.postgres, place)
        )
        if settings.postgres is not None and (settings.home_path / "broker.sqlite").exists():
            files += _broker(settings.home_path, place)
        manifest = {
            "kind": kind,
            "schema": HEAD,
            "code": code_version(),
            "made_at": now.isoformat(),
            "files": {path.name: _digest(path) for path in files},
        }
        (place / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        try:
            with tarfile.open(target, "x:gz") as archive:
                for path in [place / MANIFEST, *files]:
                    archive.add(path, arcname=path.name)
        except OSError as error:
            raise BadInput(f"{target} can't be written: {error.strerror}", "name a file in a folder you own") from error
    return Archive(target, kind, now, target.stat().st_size)


def restore(settings: Settings, source: Path) -> Archive:
    """Put a backup into an empty home or database, check its audit chain, and let every portfolio only reduce.

    What was traded after the backup is not in it: the reconciliation with the broker shows it, and a person resumes.

    Raises:
        BadInput: no backup of ours, another kind of database, another version, or a file that was changed.
        OperatorNeeded: there is a ledger already.
        LedgerDamaged: the audit chain in it is broken.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        manifest = _unpack(source, place)
        wanted = "sqlite" if settings.postgres is None else "postgres"
        if manifest["kind"] != wanted:
            raise BadInput(
                f"{source} is a copy of {manifest['kind']}, the settings say {wanted}", "see PM_DATABASE_URL"
            )
        if settings.postgres is None:
            put_files(place, settings.home_path)
        else:
            with Storage(settings) as storage:
                now = wall_time()
                storage.ledger(ReplayClock(now.date(), now))
                _ = storage.saver
            put_tables(place, settings.postgres)
            if (place / "broker.sqlite").exists() and not (settings.home_path / "broker.sqlite").exists():
                settings.home_path.mkdir(parents=True, exist_ok=True)
                (settings.home_path / "broker.sqlite").write_bytes((place / "broker.sqlite").read_bytes())
    made_at = datetime.fromisoformat(manifest["made_at"])
    now = wall_time()
    ledger = open_ledger(settings, ReplayClock(now.date(), now))
    try:
        rows = sum(ledger.verify_audit().values())
        _let_reduce(ledger, made_at)
    finally:
        ledger.close()
    return Archive(source, manifest["kind"], made_at, source.stat().st_size, rows)


def _let_reduce(ledger: SqlLedger, made_at: datetime) -> None:
    for portfolio in ledger.portfolios():
        control = ledger.control(portfolio)
        if control.state is not ControlState.HALTED:
            said = f"restored from the backup of {made_at:%Y-%m-%d %H:%M} UTC: compare with the broker, then resume"
            try:
                ledger.set_control(portfolio, ControlState.REDUCING, said, BY, wall_time(), control.epoch)
            except AlreadyDecided as error:
                raise OperatorNeeded(str(error), "somebody uses what is being restored: stop the desk first") from error


def _broker(home: Path, place: Path) -> tuple[Path, ...]:
    import sqlite3  # noqa: PLC0415 - only a simulated broker beside PostgreSQL needs it
    from contextlib import closing  # noqa: PLC0415 - the same

    with (
        closing(sqlite3.connect(home / "broker.sqlite")) as source,
        closing(sqlite3.connect(place / "broker.sqlite")) as copy,
    ):
        source.backup(copy)
    return (place / "broker.sqlite",)


def _unpack(source: Path, place: Path) -> dict[str, str]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(place, filter="data")
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"])
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise BadInput(f"{source} is no backup: {error}", "give a file that `pm backup` made") from None
    if manifest["schema"] != HEAD:
        raise BadInput(
            f"{source} has version {manifest['schema']}, this code has {HEAD}", f"use code {manifest['code']}"
        )
    for name, digest in files.items():
        if not (place / name).exists() or _digest(place / name) != digest:
            raise BadInput(f"{source} is damaged: {name} is not what it was", "take another backup")
    return dict(manifest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
