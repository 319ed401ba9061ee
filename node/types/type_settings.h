// How types keep their values: where they change from a compact form to a bigger one, as the
// directives of the same names say.
//
// A plain value. One stands in each engine; operations that may change a value's form take it.
#ifndef SLOTMESH_NODE_TYPES_TYPE_SETTINGS_H_
#define SLOTMESH_NODE_TYPES_TYPE_SETTINGS_H_

#include <cstdint>

namespace slotmesh::node {

class ModuleValues;

struct TypeSettings {
  uint64_t hash_max_listpack_entries = 512;
  uint64_t hash_max_listpack_value = 64;
  uint64_t set_max_intset_entries = 512;
  uint64_t set_max_listpack_entries = 128;
  uint64_t set_max_listpack_value = 64;
  uint64_t zset_max_listpack_entries = 128;
  uint64_t zset_max_listpack_value = 64;
  int64_t list_max_listpack_size = -2;
  int64_t list_compress_depth = 0;
  uint64_t stream_node_max_bytes = 4096;
  int64_t stream_node_max_entries = 100;
  bool sanitize = false;   // Payloads from outside are checked in depth (sanitize-dump-payload).
  uint64_t hash_seed = 0;  // Of the tables within values.
  ModuleValues* module_values = nullptr;  // Null: there are no modules.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_TYPE_SETTINGS_H_
