# Page assets, from npm by the lock file.
FROM node:22-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts
COPY scripts/assets scripts/assets
RUN scripts/assets

# Python parts, by the hashed lock file: wheels alone, so that nothing to build with is needed. (pyvips has none, but is
# plain Python here: its library comes with pyvips-binary.)
FROM python:3.13-slim-bookworm AS parts
WORKDIR /app
RUN python -m venv --without-pip /venv
COPY requirements.lock .
RUN pip --python /venv/bin/python install --no-cache-dir --require-hashes --only-binary :all: --no-binary pyvips -r requirements.lock

# What runs: no compiler, no pip of its own, no root.
FROM python:3.13-slim-bookworm
# Debian's stable release decides the versions, and mends them
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-vie tesseract-ocr-eng tesseract-ocr-osd \
    && rm -rf /var/lib/apt/lists/* \
    && pip uninstall -y --root-user-action=ignore pip \
    && groupadd --system --gid 10001 docvault \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent docvault \
    && install -d -o docvault -g docvault -m 0700 /data /keys
COPY --from=parts /venv /venv
WORKDIR /app
COPY storage storage
COPY ocr ocr
COPY sharing sharing
COPY vault vault
COPY --from=assets /app/vault/static/vendor vault/static/vendor
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DOCVAULT_DATA_DIR=/data DOCVAULT_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "vault.cli"]
CMD ["serve"]
