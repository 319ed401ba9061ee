// What a replica gives up of its own data because its primary's history does not contain it: the
// end of the stream of one who was the primary and was replaced (SAFETY 15).
//
// Pure function; engine thread, since it reads the backlog.
#ifndef SLOTMESH_NODE_REPLICATION_DISCARDED_TAIL_H_
#define SLOTMESH_NODE_REPLICATION_DISCARDED_TAIL_H_

#include <cstdint>
#include <string>

#include "node/replication/backlog.h"

namespace slotmesh::node {

struct DiscardedTail {
  uint64_t bytes = 0;     // Of the stream.
  uint64_t commands = 0;  // That changed data; those of them that `complete` says.
  bool complete = true;   // False: the backlog does not have all of it (any more).
};

// Of the stream from `from` up to the backlog's end. Nothing if that is not behind `from`.
DiscardedTail MeasureTail(const Backlog& backlog, uint64_t from);
// As the log says it: "1234 bytes, 5 commands".
std::string Describe(const DiscardedTail& tail);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_DISCARDED_TAIL_H_
