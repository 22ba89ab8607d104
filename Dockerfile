# One image for every process: the command says which (docs/docker.md).

FROM node:24-bookworm-slim AS build
WORKDIR /app
ENV CI=true
RUN npm install --global pnpm@10
# Downloads depend on the lockfile alone: a change of code does not repeat them.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch --ignore-scripts
COPY . .
# Nothing needs an install script.
RUN pnpm install --offline --frozen-lockfile --ignore-scripts && node node_modules/typescript/bin/tsc -b
RUN rm -rf node_modules apps/*/node_modules packages/*/node_modules \
  && pnpm install --offline --frozen-lockfile --ignore-scripts --prod --filter './apps/*' --filter './packages/*' \
  && rm -rf apps/*/src packages/*/src apps/*/*.tsbuildinfo packages/*/*.tsbuildinfo apps/*/dist/*.tsbuildinfo attack bench chaos dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
  NODE_COMPILE_CACHE=/app/.compile-cache \
  HEALTH_URL=http://127.0.0.1:3000/healthz
WORKDIR /app
COPY --from=build /app ./
RUN printf '#!/bin/sh\nexec node /app/apps/cli/dist/main.js "$@"\n' > /usr/local/bin/chatlane \
  && chmod 755 /usr/local/bin/chatlane \
  && mkdir .compile-cache && chown node .compile-cache
USER node
# A good part of a start is compiling: what is compiled here stays in the image. Without settings each process ends at once (78),
# when it has loaded all but Twilio's library.
RUN node -e 'require("/app/packages/core/node_modules/twilio")' \
  && for app in api worker; do node apps/$app/dist/main.js > /dev/null 2>&1 || test $? = 78 || exit 1; done \
  && chatlane --help > /dev/null
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/dist/main.js"]
