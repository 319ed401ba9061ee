#include "node/persist/rdb_file_writer.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace slotmesh::node {

void RdbFileWriter::Begin() { writer_.Raw(absl::StrFormat("REDIS%04d", kRdbVersionWritten)); }

void RdbFileWriter::Aux(std::string_view name, std::string_view value) {
  writer_.Opcode(RdbOpcode::kAux);
  writer_.String(name);
  writer_.String(value);
}

void RdbFileWriter::Function(std::string_view code) {
  writer_.Opcode(RdbOpcode::kFunction2);
  writer_.String(code);
}

void RdbFileWriter::Entry(int database, const node::Entry& entry) {
  ++chunk_.keys;
  if (database != database_) {
    writer_.Opcode(RdbOpcode::kSelectDb);
    writer_.Length(static_cast<uint64_t>(database));
    database_ = database;
  }
  if (entry.has_expiry()) {
    writer_.Opcode(RdbOpcode::kExpireMillis);
    writer_.Millis(entry.expiry());
  }
  if (!entry.is_string()) {
    const Object& object = *entry.object();
    writer_.Type(object.type->RdbTypeOf(object));
    writer_.String(entry.key());
    object.type->Serialise(object, writer_);
    return;
  }
  writer_.Type(RdbType::kString);
  writer_.String(entry.key());
  if (entry.is_integer()) return writer_.IntegerString(entry.integer());
  IntText unused;
  writer_.String(entry.string_bytes(unused));
}

void RdbFileWriter::End() { writer_.Opcode(RdbOpcode::kEof); }

RdbChunk RdbFileWriter::Take() { return std::exchange(chunk_, RdbChunk()); }

}  // namespace slotmesh::node
