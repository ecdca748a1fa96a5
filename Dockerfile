# All images of our own, for amd64 and arm64: targets `promkeep` (promkeep serve, custom exporter) and `grafana`.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /promkeep
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
ARG TARGETARCH=amd64
RUN npm run build -- --arch "$TARGETARCH"

FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS promkeep
WORKDIR /promkeep
COPY --from=build /promkeep/dist/promkeep dist/promkeep
COPY provisioning/promkeep provisioning/promkeep
COPY provisioning/compose provisioning/compose
USER node
ENTRYPOINT ["/bin/sh", "provisioning/compose/withSecrets.sh"]
CMD ["node", "dist/promkeep/promkeep.js", "serve", "--config", "provisioning/promkeep/promkeep.yaml"]

# Debian's C library; on the Alpine variant the plugin's executable does not run.
FROM grafana/grafana:12.4.0-ubuntu AS grafana
COPY --from=build /promkeep/dist/promkeep-prometheus-datasource /promkeep/dist/promkeep-prometheus-datasource
COPY --from=build /promkeep/dist/promkeep-summary-panel /promkeep/dist/promkeep-summary-panel
COPY provisioning/datasources /etc/grafana/provisioning/datasources
COPY provisioning/dashboards /etc/grafana/provisioning/dashboards
COPY provisioning/alerting /etc/grafana/provisioning/alerting
COPY provisioning/plugins /etc/grafana/provisioning/plugins
COPY provisioning/compose/withSecrets.sh /promkeep/withSecrets.sh
ENTRYPOINT ["/bin/sh", "/promkeep/withSecrets.sh", "/run.sh"]
