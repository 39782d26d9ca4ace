"""The processes of docker-compose.yml, started by hand with exactly its commands, on a real PostgreSQL and Redis."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
PM = Path(sys.executable).with_name("pm")
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
STOP_SECONDS = 30.0


def compose_command(service: str) -> list[str]:
    """What the service runs: the image's entry point is `pm`."""
    return [str(PM), *COMPOSE["services"][service]["command"]]


class Fleet:
    """Processes that are started, killed and stopped."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = {**os.environ, **environment}
        self.folder = folder
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, service: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{service}-{len(self.running)}.log").open("wb")
        process = subprocess.Popen(
            compose_command(service),
            env=self.environment,
            cwd=self.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.running.append((service, process))
        return process

    def stop(self) -> list[tuple[str, int]]:
        """SIGTERM to all, then wait; what does not end is killed and told as such."""
        for _, process in self.running:
            if process.poll() is None:
                process.terminate()
        codes = []
        for service, process in self.running:
            try:
                codes.append((service, process.wait(STOP_SECONDS)))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.append((service, process.wait()))
        return codes

    def logs(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')}" for path in self.folder.glob("*.log"))


@contextmanager
def fleet(environment: dict[str, str], folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    made = Fleet(environment, folder)
    try:
        yield made
    finally:
        made.stop()


def wait_until(condition, seconds: float, every: float = 0.25):
    """Wait for another process; the deadline is there so that a hung one fails the test."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            return found
        time.sleep(every)
    return found
