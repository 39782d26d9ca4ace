"""OpenTelemetry spans around jobs, where its packages are installed and its own variables name a collector.

Install `opentelemetry-sdk` and `opentelemetry-exporter-otlp` and set OTEL_EXPORTER_OTLP_ENDPOINT, else nothing happens.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib.util import find_spec
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.settings import ENV_FILE


class TracingSettings(BaseSettings):
    """OpenTelemetry's own variables, as far as we look at them; its exporter reads the others."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", env_ignore_empty=True)

    endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")


def span(name: str, **attributes: str) -> AbstractContextManager[Any]:
    """Open a span, or nothing where nobody collects them."""
    tracer = _tracer()
    return nullcontext() if tracer is None else tracer.start_as_current_span(name, attributes=attributes)


@cache
def _tracer() -> Any:
    if not TracingSettings().endpoint or find_spec("opentelemetry") is None:
        return None
    # Not among our packages: whoever wants traces installs them.
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": "portfolio-agent"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return trace.get_tracer("portfolio-agent")
