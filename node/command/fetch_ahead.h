// Fetches into the cache what requests of several clients are about to need.
//
// A pipelined batch does that for itself (Dispatcher::ExecuteBatch); this is for clients that send
// one request at a time, when several of them are ready. Reads tables, changes nothing; what a
// request finds when it runs is decided then. Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_FETCH_AHEAD_H_
#define SLOTMESH_NODE_COMMAND_FETCH_AHEAD_H_

#include <cstddef>

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/command/engine.h"

namespace slotmesh::node {

struct UpcomingRequest {
  int database = 0;
  Args args;
};

// As many as prefetch-batch-max-size allows; more at once are not looked at.
inline constexpr size_t kFetchAheadMax = 128;

// The first key of each: its table, bucket, entry and value, all requests a step at a time, so that
// their misses overlap. Counted in the statistics.
void FetchAhead(const Engine& engine, absl::Span<const UpcomingRequest> requests);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_FETCH_AHEAD_H_
