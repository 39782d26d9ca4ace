# One image for all processes: packages in a first stage, a small one with them and the code, not run as root.
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.in requirements.lock docker/runtime_lock.py ./
RUN python runtime_lock.py requirements.in requirements.lock > runtime.lock \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r runtime.lock

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PM_HOME=/state \
    PM_LOG_STDOUT=true
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin pm \
    && install -d -o pm -g pm /state
COPY --from=packages /venv /venv
WORKDIR /app
COPY --chown=root:root . .
RUN printf '#!/venv/bin/python\nimport sys\nfrom workers.cli import main\nsys.exit(main())\n' > /venv/bin/pm \
    && chmod 755 /venv/bin/pm \
    && python -m compileall -q domain quant risk_engine agent tools memory graph evals workers
ARG COMMIT=unknown
ENV PM_CODE_VERSION=$COMMIT
USER pm
VOLUME /state
ENTRYPOINT ["pm"]
CMD ["serve"]
