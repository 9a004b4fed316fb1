# One image for every role: `terrasmith web`, `relay`, `worker quick`, `worker heavy`, `engine`, `scanner`, `migrate`. Runs as nobody in particular,
# installs nothing but hash-locked wheels, and carries no Terraform: the operator brings the engine and its providers.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /src
RUN python -m venv /venv
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --require-hashes --no-deps --only-binary=:all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY accounts accounts
COPY bot bot
COPY terrasmith terrasmith
COPY core core
COPY gate gate
COPY generator generator
COPY migrations migrations
COPY registry registry
COPY simulators simulators
COPY tfmodule tfmodule
COPY web web
COPY workers workers
RUN /venv/bin/pip install --no-deps --no-build-isolation --no-index . \
    && /venv/bin/pip check \
    && /venv/bin/python -m compileall -q /venv/lib \
    && /venv/bin/pip uninstall --quiet --yes pip

# Checkov cannot share the application's environment; in a layer of its own it is built again only when its lock moves.
FROM python:${PYTHON} AS checkov
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /src
RUN python -m venv /venv-checkov
COPY requirements-checkov.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv-checkov/bin/pip install --require-hashes --no-deps --only-binary=:all: --requirement requirements-checkov.lock \
    && /venv-checkov/bin/pip check \
    && /venv-checkov/bin/python -m compileall -q /venv-checkov/lib \
    && /venv-checkov/bin/pip uninstall --quiet --yes pip

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --home-dir /var/lib/terrasmith --create-home --shell /usr/sbin/nologin terrasmith
RUN install --directory --owner=10001 --mode=0700 /run/terrasmith /run/terrasmith-scanner
COPY --from=checkov /venv-checkov /venv-checkov
COPY --from=build /venv /venv
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TERRASMITH_DATA_DIR=/var/lib/terrasmith
USER 10001
WORKDIR /var/lib/terrasmith
EXPOSE 8080
# For the web role; compose.yaml turns it off for the others, which listen on nothing.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["terrasmith"]
CMD ["web", "--host", "0.0.0.0", "--port", "8080"]
