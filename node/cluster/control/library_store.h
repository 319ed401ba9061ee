// The texts of function libraries that this node keeps for its cluster, one file each.
//
// A file is named by its text's digest and holds the text alone, so that a damaged one is found out
// when it is read and fetched anew. What was kept is durable when Keep() returns.
// Thread-compatible; blocking. Memory: all texts, at most kStoreBytesMax.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_STORE_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/cluster/library_digest.h"
#include "slots/ledger/log_disk.h"

namespace slotmesh::node {

class LibraryStore {
 public:
  // Those of the ledger, and as much again that it may come to know or knew lately.
  static constexpr size_t kStoreBytesMax = size_t{128} << 20;

  // Reads what is there; `notes` says which files were damaged and are gone. `disk` outlives this.
  static absl::StatusOr<std::unique_ptr<LibraryStore>> Open(ledger::LogDisk& disk,
                                                            std::vector<std::string>* notes);

  // An error is final: the disk does not take it.
  absl::Status Keep(LibraryText text);
  absl::Status Drop(const slots::LibraryDigest& digest);

  bool Has(const slots::LibraryDigest& digest) const { return texts_->contains(digest); }
  // A later one is another object.
  const std::shared_ptr<const LibraryTexts>& texts() const { return texts_; }
  size_t bytes() const { return bytes_; }

 private:
  explicit LibraryStore(ledger::LogDisk& disk) : disk_(disk) {}

  ledger::LogDisk& disk_;
  std::shared_ptr<const LibraryTexts> texts_ = std::make_shared<LibraryTexts>();
  size_t bytes_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_STORE_H_
