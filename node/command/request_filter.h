// Sees requests before anything looks at them, and may change their words: modules do.
//
// Engine thread only. Asked for what clients, scripts, modules and a primary send; not again for a
// request that waited, nor for a transaction's queued ones.
#ifndef SLOTMESH_NODE_COMMAND_REQUEST_FILTER_H_
#define SLOTMESH_NODE_COMMAND_REQUEST_FILTER_H_

#include "node/command/client.h"
#include "node/command/owned_args.h"

namespace slotmesh::node {

class RequestFilter {
 public:
  virtual ~RequestFilter() = default;
  // What is to run instead; it may lie in *held, which lives as long as the request runs. Never
  // empty.
  virtual Args Apply(Client& client, Args args, OwnedArgs* held) = 0;
};

// Work that was put off to the end of the unit of effects within which it arose.
class UnitEnd {
 public:
  virtual ~UnitEnd() = default;
  // There is some. Run() may bring more.
  virtual bool pending() const = 0;
  virtual void Run() = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_REQUEST_FILTER_H_
