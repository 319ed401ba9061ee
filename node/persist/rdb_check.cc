#include "node/persist/rdb_check.h"

#include <cstdint>

#include "absl/strings/str_format.h"
#include "node/persist/rdb_file_reader.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kStepBytes = 1 << 20;
// More of a key would flood the screen.
constexpr size_t kKeyShownMax = 256;

std::string_view NameOf(RdbType type) {
  switch (type) {
    case RdbType::kString:
      return "string";
    case RdbType::kList:
      return "list-linked";
    case RdbType::kSet:
      return "set-hashtable";
    case RdbType::kZset:
      return "zset-v1";
    case RdbType::kHash:
      return "hash-hashtable";
    case RdbType::kZset2:
      return "zset-v2";
    case RdbType::kModulePreGa:
      return "module-pre-release";
    case RdbType::kModule2:
      return "module-value";
    case RdbType::kHashZipmap:
      return "hash-zipmap";
    case RdbType::kListZiplist:
      return "list-ziplist";
    case RdbType::kSetIntset:
      return "set-intset";
    case RdbType::kZsetZiplist:
      return "zset-ziplist";
    case RdbType::kHashZiplist:
      return "hash-ziplist";
    case RdbType::kListQuicklist:
      return "quicklist";
    case RdbType::kStreamListpacks:
      return "stream";
    case RdbType::kHashListpack:
      return "hash-listpack";
    case RdbType::kZsetListpack:
      return "zset-listpack";
    case RdbType::kListQuicklist2:
      return "quicklist-v2";
    case RdbType::kStreamListpacks2:
      return "stream-v2";
    case RdbType::kSetListpack:
      return "set-listpack";
    case RdbType::kStreamListpacks3:
      return "stream-v3";
    case RdbType::kHash2:
      return "hash-v2";
  }
  return "unknown";
}

std::string_view NameOf(RdbFileReader::Doing doing) {
  switch (doing) {
    case RdbFileReader::Doing::kStart:
      return "start";
    case RdbFileReader::Doing::kType:
      return "read-type";
    case RdbFileReader::Doing::kNote:
      return "read-note";
    case RdbFileReader::Doing::kKey:
      return "read-key";
    case RdbFileReader::Doing::kValue:
      return "read-object-value";
    case RdbFileReader::Doing::kChecksum:
      return "check-sum";
  }
  return "unknown";
}

class Checker : private RdbFileReader::Handler {
 public:
  Checker(std::string_view bytes, UnixMillis now,
          const std::function<void(const std::string&)>& print)
      : now_(now), print_(print), reader_(bytes, {settings_}, *this) {}

  bool Run(size_t size, bool may_go_on);
  size_t position() const { return reader_.position(); }

 private:
  absl::Status OnDatabase(uint64_t index) override {
    Say(StrCat("Selecting DB ID ", index));
    return absl::OkStatus();
  }
  void OnAux(std::string_view name, std::string_view value) override {
    Say(StrCat("AUX FIELD ", name, " = '", value, "'"));
  }
  void OnFunction(std::string_view) override { ++functions_; }
  absl::Status OnEntry(const RdbEntryNotes& notes, Entry* entry) override {
    ++keys_;
    if (notes.expiry != kNoExpiry) ++expiring_;
    if (entry->IsExpired(now_)) ++expired_;
    Entry::Free(entry);
    return absl::OkStatus();
  }
  void OnEmpty(std::string_view) override { ++empty_; }
  void Say(const std::string& what) {
    print_(StrCat("[offset ", reader_.position(), "] ", what, "\n"));
  }
  void SayError(std::string_view what);
  void SayCounts();

  const UnixMillis now_;
  const std::function<void(const std::string&)>& print_;
  const TypeSettings settings_;
  RdbFileReader reader_;
  uint64_t keys_ = 0;
  uint64_t expiring_ = 0;
  uint64_t expired_ = 0;
  uint64_t empty_ = 0;
  uint64_t functions_ = 0;
};

void Checker::SayCounts() {
  print_(StrCat("[info] ", keys_, " keys read\n[info] ", expiring_, " expires\n[info] ", expired_,
                " already expired\n"));
  if (empty_ > 0) print_(StrCat("[info] ", empty_, " empty keys, which loading leaves out\n"));
  if (functions_ > 0) print_(StrCat("[info] ", functions_, " function libraries\n"));
}

void Checker::SayError(std::string_view what) {
  print_("--- RDB ERROR DETECTED ---\n");
  Say(std::string(what));
  print_(StrCat("[additional info] While doing: ", NameOf(reader_.doing()), "\n"));
  if (reader_.doing() == RdbFileReader::Doing::kValue) {
    print_(StrCat("[additional info] Reading key '", reader_.key().substr(0, kKeyShownMax), "'\n"));
  }
  if (const auto type = reader_.type()) {
    print_(StrCat("[additional info] Reading type ", static_cast<int>(*type), " (", NameOf(*type),
                  ")\n"));
  }
}

bool Checker::Run(size_t size, bool may_go_on) {
  absl::StatusOr<bool> done = false;
  while (done.ok() && !*done) done = reader_.Step(kStepBytes);
  bool well = done.ok();
  if (!well) {
    SayError(ToStd(reader_.failure().message()));
  } else if (!may_go_on && reader_.position() != size) {
    well = false;
    SayError(StrCat("There are ", size - reader_.position(), " bytes behind the end"));
  } else {
    Say(reader_.without_checksum()
            ? "RDB file was saved with checksum disabled: no check performed."
            : "Checksum OK");
    Say("\\o/ RDB looks OK! \\o/");
  }
  SayCounts();
  return well;
}

}  // namespace

RdbChecked CheckRdb(std::string_view bytes, const std::string& name, UnixMillis now, bool may_go_on,
                    const std::function<void(const std::string&)>& print) {
  print(StrCat("[offset 0] Checking RDB file ", name, "\n"));
  Checker checker(bytes, now, print);
  const bool well = checker.Run(bytes.size(), may_go_on);
  return {well, checker.position()};
}

}  // namespace slotmesh::node
