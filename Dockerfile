# For processors:  docker build -t hpopt .
# For NVIDIA GPUs: docker build -t hpopt-gpu --build-arg BASE=nvidia/cuda:12.5.1-cudnn-runtime-ubuntu24.04 .
#   and `docker run --gpus all`. A base without Python gets that of its apt, 3.12 in Ubuntu 24.04.
ARG BASE=python:3.12-slim
FROM ${BASE}
RUN if ! command -v python3; then \
        apt-get update \
        && apt-get install -y --no-install-recommends python3 python3-venv \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && python3 -m venv /opt/hpopt
ENV PATH=/opt/hpopt/bin:$PATH
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY configs configs
COPY hpopt hpopt
RUN pip install --no-cache-dir -c constraints.txt . && useradd --create-home hpopt
USER hpopt
WORKDIR /home/hpopt
ENTRYPOINT ["hpopt"]
CMD ["--help"]
