# dpsync in an image, built from this package: docker build -t dpsync .
# The base image is named by version, not by digest: pin it to the digest that you have looked at.
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS made
COPY . /source
RUN /source/ci/install /opt/dpsync

FROM python:${PYTHON}
# Git reads the base of a pull request, curl fetches the reviewed plan on GitLab.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 dpsync
COPY --from=made /opt/dpsync /opt/dpsync
ENV PATH=/opt/dpsync/bin:$PATH
USER dpsync
WORKDIR /workspace
ENTRYPOINT ["dpsync"]
CMD ["--help"]
