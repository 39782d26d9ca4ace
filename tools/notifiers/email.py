"""Notices by e-mail, through any SMTP server."""

import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.checkup import Finding
from domain.errors import BadInput, Undeliverable, Undelivered
from domain.notices import Notice, Notifier
from tools.notifiers import NOTIFIERS

TIMEOUT_SECONDS = 15.0
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
FOR_GOOD = 500
SHOW = "like smtp+starttls://user:password@mail.example.org:587"


class EmailSettings(BaseSettings):
    """`smtp://`, `smtps://` or `smtp+starttls://`, with user and password where the server wants them."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env",
        extra="ignore",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    smtp_url: SecretStr | None = None
    pm_alert_email: str = ""
    pm_alert_from: str = ""


class Email:
    """Implements `domain.notices.Notifier`; one connection a message."""

    name = "email"

    def __init__(self, url: SecretStr, to: str, sender: str = "") -> None:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in PORTS or not parts.hostname:
            raise BadInput("SMTP_URL is no mail server's address", f"write it {SHOW}")
        if "@" not in to or any(ord(mark) < ord(" ") for mark in to):
            raise BadInput(f"PM_ALERT_EMAIL {to!r} is no address", "give one, or several with commas")
        self._parts, self._to, self._from = parts, to, sender or to.split(",", maxsplit=1)[0].strip()

    def tell(self, notice: Notice) -> None:
        """Send one plain-text message."""
        message = EmailMessage()
        message["Subject"] = _line(f"[PAPER {notice.portfolio}] {notice.headline}")[:200]
        message["From"], message["To"] = self._from, self._to
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="portfolio-agent.invalid")
        message.set_content("\n".join([notice.headline, *notice.lines, "", f"{notice.kind.value} · paper trading"]))
        self._talk(lambda server: server.send_message(message))

    def examine(self, _: Sequence[str] = ()) -> tuple[Finding, ...]:
        """Reach the server and log in; nothing is sent."""
        self._talk(lambda server: server.noop())
        return (Finding(part="email", found=f"{self._parts.hostname} lets us in; alerts go to {self._to}"),)

    def _talk(self, say: Callable[[smtplib.SMTP], object]) -> None:
        try:
            self._connected(say)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError) as error:
            raise Undeliverable(
                f"the mail server refused: {type(error).__name__}", "check SMTP_URL, PM_ALERT_EMAIL"
            ) from None
        except smtplib.SMTPResponseException as error:
            kind = Undeliverable if error.smtp_code >= FOR_GOOD else Undelivered
            raise kind(f"the mail server answered {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(f"the mail server did not answer: {type(error).__name__}") from None

    def _connected(self, say: Callable[[smtplib.SMTP], object]) -> None:
        parts = self._parts
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        with server:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            say(server)


@NOTIFIERS.register
class Adapter:
    """Set up where SMTP_URL and PM_ALERT_EMAIL are."""

    @staticmethod
    def configured() -> bool:
        """Whether there is a server and somebody to write to."""
        settings = EmailSettings()
        return settings.smtp_url is not None and bool(settings.pm_alert_email)

    @staticmethod
    def connect() -> Notifier:
        """Open it; nothing is sent yet."""
        settings = EmailSettings()
        if settings.smtp_url is None or not settings.pm_alert_email:
            raise BadInput("SMTP_URL or PM_ALERT_EMAIL is missing", "set both, or remove email from PM_NOTIFIER")
        return Email(settings.smtp_url, settings.pm_alert_email, settings.pm_alert_from)


def _line(text: str) -> str:
    return " ".join(text.split())
