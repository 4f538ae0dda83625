# Launcher and worker in one image. The entry point is that of Beam's image, /opt/apache/beam/boot: it starts workers of
# Dataflow, of runners with --environment_type=DOCKER, and, with --worker_pool, a pool for --environment_type=EXTERNAL.
# `massivetext-worker` starts one where --environment_type=PROCESS names it. The launcher is
# `docker run --entrypoint massivetext IMAGE ...`. The version of the base image must be that of apache-beam in
# pyproject.toml.
FROM apache/beam_python3.11_sdk:2.77.0

WORKDIR /opt/massivetext
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY massivetext massivetext
COPY pipelines pipelines
COPY filters filters
RUN pip install --no-cache-dir --constraint constraints.txt build \
    && PIP_CONSTRAINT="$PWD/constraints.txt" python -m build --wheel --outdir /tmp/wheel \
    && pip install --no-cache-dir --constraint constraints.txt "$(ls /tmp/wheel/*.whl)[gcp,s3]" \
    && rm -rf /tmp/wheel /opt/massivetext

# Beam's boot would make a virtual environment of its own for every worker; all that it needs is installed already.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1

# By number, so that a cluster that refuses root can see that this is another user.
RUN useradd --create-home --uid 10001 massivetext
USER 10001
WORKDIR /home/massivetext

# Signals are measured by compiled code: made here once, so that no worker spends its first seconds on it.
ENV NUMBA_CACHE_DIR=/home/massivetext/compiled
RUN echo "Some text." > text && massivetext signals text && rm text
