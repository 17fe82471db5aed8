# Two stages: the first builds the package that "npm pack" makes, the second holds nothing but Node.js and that package.
FROM node:24.21-trixie-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund && mkdir /package && npm pack --pack-destination /package

FROM node:24.21-trixie-slim
ENV NODE_ENV=production
# The C library keeps one heap instead of one for each thread, and gives large buffers back at once (docs/adr/0009).
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536
COPY --from=build /package/*.tgz /tmp/
RUN npm install --global --no-audit --no-fund --ignore-scripts /tmp/*.tgz && rm -rf /tmp/*.tgz /root/.npm
USER 65532:65532
ENTRYPOINT ["muster"]
CMD ["--help"]
