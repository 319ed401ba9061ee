// RedisModuleIO: what a callback of a data type reads from or writes to.
//
// On the stack of the call; engine thread only. A value that cannot be read, and whatever is asked
// for behind it, reads as nothing: zero, or an empty string, which a module can handle that does
// not ask for errors. Whoever made it looks at `error` afterwards.
#ifndef SLOTMESH_MODULES_IO_H_
#define SLOTMESH_MODULES_IO_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "modules/context.h"
#include "modules/data_type.h"
#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"

namespace slotmesh::modules {

// What comes in front of each part of a value. On disk: never renumber.
enum class IoOpcode : uint8_t {
  kEnd = 0,
  kSigned = 1,
  kUnsigned = 2,
  kFloat = 3,
  kDouble = 4,
  kString = 5,
};

}  // namespace slotmesh::modules

struct RedisModuleIO {
  using Emit = absl::FunctionRef<void(absl::Span<const std::string_view>)>;

  RedisModuleIO(const RedisModuleType& of, slotmesh::node::RdbReader& from)
      : type(of), reader(&from), name(from.place().key), database(from.place().database) {}
  RedisModuleIO(const RedisModuleType& of, slotmesh::node::RdbWriter& to)
      : type(of), writer(&to), name(to.place().key), database(to.place().database) {}
  RedisModuleIO(const RedisModuleType& of, const slotmesh::node::KeyPlace& place, Emit* to)
      : type(of), emit(to), name(place.key), database(place.database) {}

  // Ready for the next part; null if nothing may be written.
  slotmesh::node::RdbWriter* Begin(slotmesh::modules::IoOpcode opcode);
  // The next part is of that kind; otherwise an error.
  bool Expect(slotmesh::modules::IoOpcode opcode);
  // What could not be read.
  void Fail() { error = true; }

  const RedisModuleType& type;
  slotmesh::node::RdbReader* reader = nullptr;
  slotmesh::node::RdbWriter* writer = nullptr;
  Emit* emit = nullptr;
  slotmesh::modules::LazyName name;
  int database;
  bool error = false;
  std::string header;  // Written before the first part, if there is one.
  std::unique_ptr<RedisModuleCtx> ctx;
};

#endif  // SLOTMESH_MODULES_IO_H_
