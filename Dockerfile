# Two stages: build from source, then only the program, its libraries and gnuplot, as a user without rights.
FROM debian:12-slim AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
      gcc g++ libc6-dev cmake ninja-build pkg-config git libhdf5-dev libcurl4-openssl-dev libyaml-dev libjansson-dev \
      libprotobuf-c-dev protobuf-c-compiler libssl-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . /src
WORKDIR /src
RUN cmake --preset release -DGNT_TESTS=OFF -DGNT_WERROR=ON && cmake --build --preset release

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
      libhdf5-103-1 libcurl4 libyaml-0-2 libjansson4 libprotobuf-c1 libssl3 libstdc++6 gnuplot-nox fonts-dejavu-core ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gauntlet \
    && install -d -o 10001 /out
COPY --from=build /src/build/gauntlet /usr/local/bin/gauntlet
COPY --from=build /src/build/gauntlet-*.so /usr/local/lib/gauntlet/
COPY experiments /usr/local/share/gauntlet/experiments
USER 10001
WORKDIR /out
ENTRYPOINT ["gauntlet"]
CMD ["--help"]
