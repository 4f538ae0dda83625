# Launcher and Beam worker in one image: the worker's entry point is the base image's own (/opt/apache/beam/boot), the
# launcher is `docker run --entrypoint massivetext IMAGE ...`. The base image's Beam version must be the pinned one.
FROM apache/beam_python3.11_sdk:2.77.0

WORKDIR /opt/massivetext
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY massivetext massivetext
COPY pipelines pipelines
COPY filters filters
RUN pip install --no-cache-dir build==1.6.1 \
    && python -m build --wheel --outdir /tmp/wheel \
    && pip install --no-cache-dir --constraint constraints.txt "$(ls /tmp/wheel/*.whl)[gcp,s3]" \
    && rm -rf /tmp/wheel /opt/massivetext

# Beam's boot would make a virtual environment of its own for every worker; all that it needs is installed already.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1

RUN useradd --create-home --uid 10001 massivetext
USER massivetext
WORKDIR /home/massivetext
