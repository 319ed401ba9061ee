// A node's numbers for the metrics page, gathered from the engine's parts.
#ifndef SLOTMESH_NODE_APP_METRICS_SOURCE_H_
#define SLOTMESH_NODE_APP_METRICS_SOURCE_H_

#include "admin/metrics.h"
#include "node/app/cluster_part.h"
#include "node/command/client_table.h"
#include "node/command/engine.h"

namespace slotmesh::node {

// Engine thread. `cluster` is null outside cluster mode.
admin::MetricsSnapshot GatherMetrics(const Engine& engine, const ClientTable& clients,
                                     const ClusterPart* cluster, int64_t start_micros);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_METRICS_SOURCE_H_
