// What the server asks of modules when it reads and writes files and payloads: values of their types,
// and what they keep besides keys (AUX). Implemented by modules/.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_TYPES_MODULE_VALUES_H_
#define SLOTMESH_NODE_TYPES_MODULE_VALUES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

class ModuleValues {
 public:
  // In which place of a file: before all keys, or behind them. On disk: never renumber.
  enum class Part : uint8_t { kBeforeKeys = 1, kAfterKeys = 2 };

  virtual ~ModuleValues() = default;
  // The value in a body of the form kModule2; the caller owns it. UNIMPLEMENTED if no module that
  // is loaded has its type, DATA_LOSS for what its module cannot read.
  virtual absl::StatusOr<Object*> Load(RdbReader& reader) = 0;
  // What stands behind the opcode kModuleAux. Errors as of Load.
  virtual absl::Status LoadAux(RdbReader& reader) = 0;
  // All that modules have to say there, with opcodes.
  virtual void SaveAux(Part part, RdbWriter& writer) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_MODULE_VALUES_H_
