# One image for every process; docker-compose.yml says which command each runs.

FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt .
# An environment without pip, filled from outside; wheels only, so no compiler is needed.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.11-slim-bookworm
# git: imports from repositories.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin kubeorch \
    && install -d -o 10001 -g 10001 -m 700 /work
COPY --from=packages /venv /venv
WORKDIR /srv/kubeorch
COPY templates/ templates/
COPY wsgi.py celeryconfig.py gunicorn.conf.py ./
COPY workers/ workers/
COPY app/ app/
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 3000
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
