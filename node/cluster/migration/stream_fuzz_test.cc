// Whatever a peer sends, a frame and the records in it, and values in parts, are read or refused.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "node/cluster/migration/frames.h"
#include "node/cluster/migration/records.h"
#include "node/codec/rdb_reader.h"
#include "node/types/load_value.h"
#include "slots/check.h"

namespace {

using slotmesh::node::Object;
using slotmesh::node::Record;
using slotmesh::node::RecordKind;
using slotmesh::node::ValueLoader;

// Loads the values that come in parts, as a staging area does.
class Values {
 public:
  ~Values() {
    for (const auto& loader : open_) Free(*loader);
  }

  // False if it is malformed.
  bool Take(const Record& record) {
    if (record.kind == RecordKind::kValue) {
      open_.push_back(slotmesh::node::NewValueLoader(record.form, settings_));
      CHECK(open_.size() <= slotmesh::node::kValuesOpenMax);
      if (open_.back() != nullptr) return true;
      open_.pop_back();
      return false;
    }
    if (record.kind == RecordKind::kPart) {
      slotmesh::node::RdbReader part(record.part);
      return open_.back()->Add(part) && part.at_end();
    }
    if (record.kind == RecordKind::kValueEnd) {
      const bool complete = open_.back()->complete();
      CHECK(Free(*open_.back()) || !complete);
      open_.pop_back();
      return complete;
    }
    return true;
  }

 private:
  static bool Free(ValueLoader& loader) {
    Object* const object = loader.Release();
    if (object != nullptr) object->type->Free(object);
    return object != nullptr;
  }

  const slotmesh::node::TypeSettings settings_;
  std::vector<std::unique_ptr<ValueLoader>> open_;
};

void ReadAll(slotmesh::node::RecordReader& reader) {
  Values values;
  Record record;
  while (true) {
    const auto read = reader.Next(&record);
    if (!read.ok() || !*read || !values.Take(record)) return;
    if (record.kind == RecordKind::kEffect) CHECK(!record.words.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto frame = slotmesh::node::DecodeFrame(bytes);
  if (frame.ok()) CHECK(slotmesh::node::EncodeFrame(*frame) == bytes);
  slotmesh::node::RecordReader whole;
  whole.Feed(bytes);
  ReadAll(whole);
  slotmesh::node::RecordReader pieces;
  for (const char byte : bytes) {
    pieces.Feed({&byte, 1});
    Record record;
    const auto read = pieces.Next(&record);
    if (!read.ok()) break;
  }
  return 0;
}
