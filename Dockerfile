# One party's node, with the CometBFT that a validator runs beside it. Built from the clone:
#     docker compose build image
# It holds programs and fonts alone: keys, passphrases and data come in at run time (docs/deployment.md).
ARG PYTHON=3.13-slim-bookworm

FROM golang:1.26.5-bookworm AS cometbft
WORKDIR /src
COPY node/sequencing/cometbft/process.py node/sequencing/cometbft/
COPY scripts/install_cometbft.sh scripts/
RUN sh scripts/install_cometbft.sh /out

FROM python:${PYTHON} AS wheels
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/var/cache/pip
WORKDIR /src
COPY constraints.txt pyproject.toml README.md ./
COPY ledger ledger
COPY consortium_config consortium_config
COPY node node
COPY api api
RUN --mount=type=cache,target=/var/cache/pip \
    pip wheel --constraint constraints.txt --wheel-dir /wheels ./ledger .

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="hanse" \
      org.opencontainers.image.description="One party's node of a shared credit ledger" \
      org.opencontainers.image.licenses="Apache-2.0"
# What draws PDFs, with Chinese; the list is that of scripts/setup_full.sh.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*
# The numbers are fixed: whoever makes volumes and secret files for the node gives them to this user.
RUN groupadd --gid 10001 hanse \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/hanse --shell /usr/sbin/nologin hanse \
    && install --directory --owner=hanse --group=hanse --mode=0700 /var/lib/hanse
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --disable-pip-version-check --no-cache-dir --no-index --find-links=/wheels hanse
COPY --from=cometbft /out/cometbft /usr/local/bin/cometbft
COPY deploy/healthcheck.py /usr/local/lib/hanse/healthcheck.py
# With a root file system that cannot be written, /tmp (a tmpfs from which programs may be loaded) and /var/lib/hanse (the volume) are enough.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp
USER 10001:10001
WORKDIR /var/lib/hanse
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-I", "/usr/local/lib/hanse/healthcheck.py"]
ENTRYPOINT ["hanse"]
CMD ["node", "run", "--config", "node.toml"]
