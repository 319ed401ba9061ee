#include "node/persist/rdb_file_writer.h"

#include <string>

#include "absl/strings/str_format.h"
#include "node/types/module_values.h"

namespace slotmesh::node {

void AddModuleNotes(const TypeSettings& settings, RdbNotes* notes) {
  if (settings.module_values == nullptr) return;
  RdbWriter before(&notes->before_keys);
  settings.module_values->SaveAux(ModuleValues::Part::kBeforeKeys, before);
  RdbWriter after(&notes->after_keys);
  settings.module_values->SaveAux(ModuleValues::Part::kAfterKeys, after);
}

void RdbFileWriter::Begin(const RdbNotes& notes) {
  writer_.Raw(absl::StrFormat("REDIS%04d", kRdbVersionWritten));
  for (const auto& [name, value] : notes.aux) {
    writer_.Opcode(RdbOpcode::kAux);
    writer_.String(name);
    writer_.String(value);
  }
  for (const std::string& code : notes.functions) {
    writer_.Opcode(RdbOpcode::kFunction2);
    writer_.String(code);
  }
  writer_.Raw(notes.before_keys);
  after_keys_ = notes.after_keys;
}

void RdbFileWriter::WriteAccess(const node::Entry& entry) {
  const uint32_t clock = entry.access_clock();
  switch (access_.kind) {
    case AccessNotes::Kind::kNone:
      return;
    case AccessNotes::Kind::kIdle:
      writer_.Opcode(RdbOpcode::kIdle);
      writer_.Length(LruIdleSeconds(clock, access_.now));
      return;
    case AccessNotes::Kind::kFrequency:
      writer_.Opcode(RdbOpcode::kFreq);
      chunk_.bytes.push_back(static_cast<char>(LfuCounter(clock, access_.now, access_.lfu)));
      return;
  }
}

void RdbFileWriter::WriteHead(int database, const node::Entry& entry, RdbType form) {
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
  WriteAccess(entry);
  writer_.Type(form);
  writer_.String(entry.key());
  writer_.set_place({entry.key(), database});
}

bool RdbFileWriter::StringPart(int database, const node::Entry& entry) {
  IntText unused;
  const std::string_view bytes = entry.string_bytes(unused);
  if (!part_.has_value()) {
    WriteHead(database, entry, RdbType::kString);
    writer_.Length(bytes.size());
    part_.emplace();
  }
  const std::string_view more = bytes.substr(part_->next, part_bytes_);
  writer_.Raw(more);
  part_->next += more.size();
  if (part_->next < bytes.size()) return false;
  part_.reset();
  return true;
}

bool RdbFileWriter::Part(int database, const node::Entry& entry) {
  if (entry.is_string()) return StringPart(database, entry);
  const Object& object = *entry.object();
  if (!part_.has_value()) {
    WriteHead(database, entry, object.type->RdbTypeOf(object));
    part_.emplace();
  }
  if (!object.type->SerialisePart(object, &*part_, part_bytes_, writer_)) return false;
  part_.reset();
  return true;
}

void RdbFileWriter::Entry(int database, const node::Entry& entry) {
  if (!entry.is_string()) {
    const Object& object = *entry.object();
    WriteHead(database, entry, object.type->RdbTypeOf(object));
    object.type->Serialise(object, writer_);
    return;
  }
  WriteHead(database, entry, RdbType::kString);
  if (entry.is_integer()) return writer_.IntegerString(entry.integer());
  IntText unused;
  writer_.String(entry.string_bytes(unused));
}

void RdbFileWriter::End() {
  writer_.Raw(after_keys_);
  writer_.Opcode(RdbOpcode::kEof);
}

}  // namespace slotmesh::node
