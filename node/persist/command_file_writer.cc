#include "node/persist/command_file_writer.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "node/keyspace/entry_codec.h"
#include "node/resp/request_text.h"

namespace slotmesh::node {
namespace {

// The command that puts elements into a value of a kind; empty: there is none.
struct ElementCommand {
  std::string_view name;
  bool last_part_first = false;  // ZADD takes the score before the member.
};

ElementCommand CommandFor(const Object& object) {
  // Fields that expire would need more than one command, and a reader that knows them.
  if (object.type->NextDue(object) != kNoExpiry) return {};
  switch (object.type->kind()) {
    case ValueKind::kList:
      return {"RPUSH"};
    case ValueKind::kSet:
      return {"SADD"};
    case ValueKind::kHash:
      return {"HSET"};
    case ValueKind::kZset:
      return {"ZADD", /*last_part_first=*/true};
    case ValueKind::kString:
    case ValueKind::kModule:
    case ValueKind::kStream:
      return {};
  }
  return {};
}

// Gathers what a value consists of into commands of some elements each.
class Elements : public DigestSink {
 public:
  Elements(ElementCommand command, std::string_view key, std::string& out)
      : command_(command), key_(key), out_(out) {}
  ~Elements() { Flush(); }

  void Ordered(std::string_view part) override { Unordered({part}); }
  void Unordered(std::initializer_list<std::string_view> parts) override {
    if (command_.last_part_first) {
      for (auto part = std::rbegin(parts); part != std::rend(parts); ++part) Add(*part);
    } else {
      for (const std::string_view part : parts) Add(part);
    }
    if (++elements_ == CommandFileWriter::kElementsMax) Flush();
  }

 private:
  void Add(std::string_view part) {
    AppendWord(words_, part);
    ++count_;
  }

  void Flush() {
    if (elements_ == 0) return;
    AppendWordCount(out_, count_ + 2);
    AppendWord(out_, command_.name);
    AppendWord(out_, key_);
    out_.append(words_);
    words_.clear();
    count_ = elements_ = 0;
  }

  const ElementCommand command_;
  const std::string_view key_;
  std::string& out_;
  std::string words_;
  size_t count_ = 0;
  size_t elements_ = 0;
};

}  // namespace

void CommandFileWriter::Command(std::initializer_list<std::string_view> words) {
  AppendRequest(chunk_.bytes, Args(words.begin(), words.size()));
}

void CommandFileWriter::Begin(const RdbNotes& notes) {
  if (notes.unix_seconds != 0) absl::StrAppend(&chunk_.bytes, "#TS:", notes.unix_seconds, "\r\n");
  for (const std::string& code : notes.functions) Command({"FUNCTION", "LOAD", code});
}

void CommandFileWriter::WriteValue(const node::Entry& entry) {
  if (entry.is_string()) {
    IntText text;
    return Command({"SET", entry.key(), entry.string_bytes(text)});
  }
  const Object& object = *entry.object();
  if (object.type->Rewrite(object, {entry.key(), database_},
                           [this](Args words) { AppendRequest(chunk_.bytes, words); })) {
    return;
  }
  const ElementCommand command = CommandFor(object);
  if (command.name.empty()) {
    return Command({"RESTORE", entry.key(), "0", DumpEntry(entry, /*compress=*/false)});
  }
  Elements elements(command, entry.key(), chunk_.bytes);
  object.type->Digest(object, elements);
}

void CommandFileWriter::WriteHead(int database) {
  ++chunk_.keys;
  if (database == database_) return;
  Command({"SELECT", absl::StrCat(database)});
  database_ = database;
}

void CommandFileWriter::WriteExpiry(const node::Entry& entry) {
  if (entry.has_expiry()) Command({"PEXPIREAT", entry.key(), absl::StrCat(entry.expiry())});
}

void CommandFileWriter::Entry(int database, const node::Entry& entry) {
  WriteHead(database);
  WriteValue(entry);
  WriteExpiry(entry);
}

bool CommandFileWriter::Part(int database, const node::Entry& entry) {
  IntText unused;
  const std::string_view bytes = entry.string_bytes(unused);
  std::string& out = chunk_.bytes;
  if (!part_.has_value()) {
    WriteHead(database);
    AppendWordCount(out, 3);
    AppendWord(out, "SET");
    AppendWord(out, entry.key());
    absl::StrAppend(&out, "$", bytes.size(), "\r\n");
    part_ = 0;
  }
  const std::string_view more = bytes.substr(*part_, part_bytes_);
  out.append(more);
  *part_ += more.size();
  if (*part_ < bytes.size()) return false;
  out.append("\r\n");
  part_.reset();
  WriteExpiry(entry);
  return true;
}

}  // namespace slotmesh::node
