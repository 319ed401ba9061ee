#include "node/keyspace/entry_codec.h"

#include "absl/status/status.h"
#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"
#include "node/types/load_value.h"

namespace slotmesh::node {

std::string DumpEntry(const Entry& entry, bool compress, int database) {
  if (entry.is_string()) {
    if (entry.is_integer()) return DumpInteger(entry.integer());
    IntText scratch;
    return DumpString(entry.string_bytes(scratch), compress);
  }
  const Object& object = *entry.object();
  std::string payload;
  RdbWriter writer(&payload, compress);
  writer.set_place({entry.key(), database});
  writer.Type(object.type->RdbTypeOf(object));
  object.type->Serialise(object, writer);
  SealDump(&payload);
  return payload;
}

absl::StatusOr<Entry*> LoadEntry(std::string_view key, const DumpedValue& value, UnixMillis expiry,
                                 const TypeSettings& settings, int database) {
  if (value.type == RdbType::kString) {
    const absl::StatusOr<std::string> text = LoadString(value);
    if (!text.ok()) return text.status();
    return Entry::NewString(key, *text, expiry);
  }
  RdbReader reader(value.body);
  reader.set_place({key, database});
  const absl::StatusOr<Object*> object = LoadValue(value.type, reader, settings);
  if (!object.ok()) return object.status();
  if (!reader.at_end()) {
    (*object)->type->Free(*object);
    return absl::DataLossError("bytes behind a value's end");
  }
  return Entry::NewObject(key, *object, expiry);
}

}  // namespace slotmesh::node
