#include "node/cluster/migration/entry_parts.h"

#include "node/codec/rdb_writer.h"
#include "node/types/load_value.h"

namespace slotmesh::node {

EntryRecord RecordOf(int database, const Entry& entry, std::string_view payload) {
  return {.database = database,
          .expiry = entry.expiry(),
          .access_clock = entry.access_clock(),
          .key = entry.key(),
          .payload = payload};
}

bool EntryParts::Takes(const Entry& entry) const {
  if (entry.is_string()) return false;
  const Object& object = *entry.object();
  return LoadsInParts(object.type->RdbTypeOf(object)) && entry.FreeEffort() >= sizes_.big_effort;
}

bool EntryParts::Append(int database, const Entry& entry, std::string* stream) {
  const Object& object = *entry.object();
  if (!place_.has_value()) {
    const RdbType form = object.type->RdbTypeOf(object);
    AppendValue(stream, RecordOf(database, entry, {}), form);
    place_.emplace(form);
  }
  part_.clear();
  RdbWriter writer(&part_, /*compress=*/false);
  writer.set_place({entry.key(), database});
  const bool whole = object.type->SerialisePart(object, &place_->serial, sizes_.part_bytes, writer);
  place_->checksum.Add(part_);
  AppendPart(stream, part_);
  if (!whole) return false;
  AppendValueEnd(stream, place_->checksum.value());
  place_.reset();
  return true;
}

}  // namespace slotmesh::node
