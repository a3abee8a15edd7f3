# The bot with its store in /data. docs/operating.md says how to run it: as nobody in particular,
# with a root that cannot be written.

FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/daily-papers
# The requirements first: they change less often than the program, and are kept between builds.
COPY requirements/run.txt requirements/
RUN /opt/daily-papers/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
RUN /opt/daily-papers/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.12-slim
# The number is fixed, so that a volume keeps its owner from one image to the next.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin papers
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/daily-papers /opt/daily-papers
ENV PATH=/opt/daily-papers/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite+aiosqlite:////data/daily-papers.db \
    HTTP_PORT=9090
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.build_opener(web.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"HTTP_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["daily-papers"]
CMD ["run"]
