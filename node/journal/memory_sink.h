// A journal sink that remembers everything: for tests of whatever appends to the journal.
//
// Engine thread only. Owns copies of all it saw; grows without bound, so not for a server.
#ifndef SLOTMESH_NODE_JOURNAL_MEMORY_SINK_H_
#define SLOTMESH_NODE_JOURNAL_MEMORY_SINK_H_

#include <string>
#include <vector>

#include "node/journal/journal.h"

namespace slotmesh::node {

class MemorySink : public JournalSink {
 public:
  struct Seen {
    int database;
    int slot;
    Origin origin;
    std::vector<std::string> argv;
  };

  bool wants_resp() const override { return true; }
  void OnUnit(const JournalUnit& unit) override;

  const std::vector<std::vector<Seen>>& units() const { return units_; }
  // All units' effects, each as "ARG ARG ...", in order.
  std::vector<std::string> Lines() const;
  // The RESP stream.
  const std::string& resp() const { return resp_; }
  void Clear();

 private:
  std::vector<std::vector<Seen>> units_;
  std::string resp_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_JOURNAL_MEMORY_SINK_H_
