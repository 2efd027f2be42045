# One of the applications: docker build --build-arg APP=digits -t digits .
FROM node:22-slim AS build
WORKDIR /witan
COPY . .
ARG APP=iris
RUN npm ci && npx tsc -b apps/$APP && node scripts/bundle.mjs && npm prune --omit=dev \
 # Links of workspaces that do not come along would dangle; onnxruntime brings every system's libraries.
 && rm -rf node_modules/@witan-apps node_modules/@witan-libs \
    node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:22-slim
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
WORKDIR /witan
ARG APP=iris
COPY --from=build /witan/package.json ./
COPY --from=build /witan/node_modules node_modules
COPY --from=build /witan/packages packages
COPY --from=build /witan/apps/$APP app
USER node
EXPOSE 3000 5000
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:3000/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "app/dist/main.js"]
