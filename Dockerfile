# One image for the three programs: cycle-server, jetpackd and jetpack. The sources run as they are.
# The base is any Debian: with Node 24 and npm, or with a node_modules.tar beside this file that brings both its packages and Node.
ARG NODE_BASE_IMAGE=node:24-bookworm-slim
FROM ${NODE_BASE_IMAGE}
# Whoever the base would run as.
USER root
# Scripts of projects are often Python, and those of the example are. The id is fixed, so that a volume still belongs to its user
# when the image is built anew on another base; a volume begins as what the image has in its place, with that owner.
RUN command -v python3 >/dev/null \
  || { apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*; } \
  && useradd --uid 10001 --user-group --no-create-home --home-dir /opt/cycle/jetpack --shell /bin/bash jetpack \
  && install -d -o jetpack -g jetpack -m 0750 /opt/cycle/jetpack /opt/cycle_server /var/cache/jetpack
WORKDIR /opt/jetpack
# ADD unpacks the archive. It is for builds that reach no registry: a node_modules of this platform, packed as it is.
ADD package.json package-lock.json node_modules.tar* ./
RUN [ -d node_modules ] || { npm ci --omit=dev --ignore-scripts --cache /tmp/npm && rm -r /tmp/npm; }
COPY bin bin/
COPY effects effects/
COPY protocol protocol/
COPY commands commands/
COPY telemetry telemetry/
COPY transport transport/
COPY storage storage/
COPY actors actors/
COPY supervisors supervisors/
COPY node node/
COPY server server/
COPY cli cli/
# Whatever umask the checkout was made with: the programs do not run as root.
RUN chmod -R go+rX package.json bin effects protocol commands telemetry transport storage actors supervisors node server cli
# What Node made of the sources is kept here: it halves the time that a `jetpack` takes to begin. Node keeps it by user.
ENV PATH=/opt/jetpack/bin:/opt/jetpack/node_modules/node/bin:$PATH NODE_COMPILE_CACHE=/var/cache/jetpack
USER jetpack
RUN jetpack --help >/dev/null && jetpackd --help >/dev/null && cycle-server --help >/dev/null
CMD ["jetpackd"]
