# The production image: the program alone, without the local servers of `make serve`.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN pip install --no-cache-dir --prefix=/install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE topics.yaml ./
COPY schemas schemas
COPY engine engine
COPY adapters adapters
COPY workers workers
COPY api api
COPY seatlog seatlog
# All that it needs is there already, in the versions that the tests run with.
RUN pip install --no-cache-dir --prefix=/install --no-deps .

FROM python:3.12-slim
RUN useradd --system --no-create-home seatlog
COPY --from=build /install /usr/local
USER seatlog
ENV SEATLOG_HOST=0.0.0.0
ENTRYPOINT ["seatlog"]
CMD ["--help"]
