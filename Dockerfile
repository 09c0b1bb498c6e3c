# The image of Kuanary: the compiled server and its production dependencies, and nothing that either was made with.
#
#   docker build -t kuanary .
#   docker run --rm kuanary help
#
# Every version is exact. Who builds for others also pins the digest of the base image, which
# `docker buildx imagetools inspect node:24.21.0-bookworm-slim` prints.
# `pnpm image-steps` carries these steps out without Docker, so RUN lines name no absolute paths.

FROM node:24.21.0-bookworm-slim AS node-24

FROM node-24 AS build
WORKDIR /build
RUN npm install --global pnpm@12.21.0
# The manifests first: as long as they stay the same, the dependencies come from Docker's cache.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY shared/package.json shared/
COPY server/package.json server/
COPY widget/package.json widget/
COPY e2e/package.json e2e/
RUN pnpm install --frozen-lockfile
COPY tsconfig.base.json ./
COPY shared shared
COPY server server
RUN pnpm build
# Without the optional parts: only the embedded store and the imgproxy stand-in need them, and production refuses both.
RUN pnpm --filter @kuanary/server deploy --prod --no-optional deployed

FROM node-24
LABEL org.opencontainers.image.title="Kuanary" \
      org.opencontainers.image.description="Signs uploads into your own bucket, verifies them, answers with signed imgproxy URLs" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/deployed ./
COPY LICENSE ./
# Twice: ./data is usually mounted over the first, and an empty folder there must not take the presets away.
COPY data/presets.json data/
COPY data/presets.json presets.default.json
# The image does not build when a file is missing that the commands load.
RUN node dist/cli/kuanary.js help
# The user "node" of the base image, by number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 5001
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 5001) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1 and gets SIGTERM; `docker compose run --rm kuanary doctor` runs another command.
ENTRYPOINT ["node", "dist/cli/kuanary.js"]
CMD ["start"]
