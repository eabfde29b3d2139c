# Page assets, from npm by the lock file.
FROM node:22-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY scripts/assets scripts/assets
RUN scripts/assets

# Python parts, by the hashed lock file.
FROM python:3.13-slim-bookworm AS parts
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-vie tesseract-ocr-eng tesseract-ocr-osd \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home docvault \
    && install -d -o docvault -g docvault -m 0700 /data /keys
COPY --from=parts /venv /venv
WORKDIR /app
COPY storage storage
COPY ocr ocr
COPY sharing sharing
COPY vault vault
COPY --from=assets /app/vault/static/vendor vault/static/vendor
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 DOCVAULT_DATA_DIR=/data DOCVAULT_HOST=0.0.0.0
USER docvault
VOLUME /data /keys
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/.well-known/jwks.json', timeout=4)"]
ENTRYPOINT ["python", "-m", "vault.cli"]
CMD ["serve"]
