// An entry of a big value on its way into the stream of a move, in parts of bounded size: neither
// who reads it here nor who applies it there stands still for all of it.
//
// Engine thread only. Owns no more than one part.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_ENTRY_PARTS_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_ENTRY_PARTS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "node/cluster/migration/records.h"
#include "node/keyspace/entry.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

// A value of at least so many allocations comes in parts of about so many bytes. Strings and what
// modules keep come whole.
struct PartSizes {
  size_t big_effort = 1024;
  size_t part_bytes = 4096;
};

class EntryParts {
 public:
  explicit EntryParts(const PartSizes& sizes) : sizes_(sizes) {}

  bool Takes(const Entry& entry) const;
  // Appends the records of the next part, from the first one on; true if it is the last. The entry
  // must not change between the parts. REQUIRES: Takes(entry).
  bool Append(int database, const Entry& entry, std::string* stream);

 private:
  struct Place {
    explicit Place(RdbType form) : checksum(form) {}

    SerialPlace serial;
    ValueChecksum checksum;
  };

  const PartSizes sizes_;
  std::optional<Place> place_;  // Of the entry that has been begun.
  std::string part_;
};

// What stands before the payload is from the entry.
EntryRecord RecordOf(int database, const Entry& entry, std::string_view payload);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_ENTRY_PARTS_H_
