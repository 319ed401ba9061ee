#include "modules/command_info.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_split.h"
#include "node/command/argument_notation.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

// Deeper arguments are no description of a command.
constexpr int kDepthMax = 16;
// Bytes of an argument's entry up to `display_text`, which callers of before 7.2 do not have.
constexpr size_t kArgSizeWithoutDisplay = offsetof(RedisModuleCommandArg, display_text);

absl::Status Invalid(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }
absl::Status TooMany(std::string_view what) {
  return absl::ResourceExhaustedError(StrCat("too many ", what));
}

// Entry `index` of an array whose entries have that many bytes.
template <typename T>
const T& At(const T* array, size_t size, size_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(array) + size * index);
}

// What is read of `info`, in the notation of rows.
class Reader {
 public:
  Reader(const RedisModuleCommandInfo& info, RedisModuleCommand& command)
      : info_(info), command_(command), row_(command.row) {}

  absl::Status Read() {
    if (info_.version == nullptr) return Invalid("its version is missing");
    Text(info_.summary, &row_.summary);
    Text(info_.complexity, &row_.complexity);
    Text(info_.since, &row_.since);
    if (info_.arity != 0) row_.arity = {info_.arity};
    absl::Status status = History();
    if (status.ok()) status = Tips();
    if (status.ok()) status = Keys();
    if (status.ok()) status = Arguments();
    return status;
  }
  const node::CommandSpec& row() const { return row_; }

 private:
  void Text(const char* text, std::string_view* to) {
    if (text != nullptr) *to = command_.Keep(text);
  }

  absl::Status History() {
    for (size_t i = 0; info_.history != nullptr; ++i) {
      const auto& entry = At(info_.history, info_.version->sizeof_historyentry, i);
      if (entry.since == nullptr) break;
      if (entry.changes == nullptr) return Invalid("a change of its history is missing");
      if (!row_.history.Add({command_.Keep(entry.since), command_.Keep(entry.changes)})) {
        return TooMany("changes in its history");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Tips() {
    if (info_.tips == nullptr) return absl::OkStatus();
    for (const absl::string_view tip : absl::StrSplit(info_.tips, ' ', absl::SkipEmpty())) {
      if (!row_.tips.Add(command_.Keep(ToStd(tip)))) return TooMany("tips");
    }
    return absl::OkStatus();
  }

  absl::Status Keys() {
    if (info_.key_specs == nullptr) return absl::OkStatus();
    row_.keys = {};
    for (size_t i = 0;; ++i) {
      const auto& entry = At(info_.key_specs, info_.version->sizeof_keyspec, i);
      if (entry.begin_search_type == REDISMODULE_KSPEC_BS_INVALID) return absl::OkStatus();
      KeySpec spec;
      absl::Status status = Begin(entry, &spec);
      if (status.ok()) status = Find(entry, &spec);
      if (!status.ok()) return status;
      if (!row_.keys.Add(spec)) return TooMany("key specs");
    }
  }

  absl::Status Begin(const RedisModuleCommandKeySpec& entry, KeySpec* spec) {
    constexpr uint64_t kAccess = REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_RW |
                                 REDISMODULE_CMD_KEY_OW | REDISMODULE_CMD_KEY_RM;
    constexpr uint64_t kWrites =
        REDISMODULE_CMD_KEY_INSERT | REDISMODULE_CMD_KEY_DELETE | REDISMODULE_CMD_KEY_UPDATE;
    if (std::popcount(entry.flags & kAccess) != 1) {
      return Invalid("a key spec needs exactly one of the flags RO, RW, OW, RM");
    }
    if (std::popcount(entry.flags & kWrites) > 1) {
      return Invalid("a key spec has more than one of the flags INSERT, DELETE, UPDATE");
    }
    spec->flags = static_cast<KeyFlag>(entry.flags);
    switch (entry.begin_search_type) {
      case REDISMODULE_KSPEC_BS_UNKNOWN:
        return absl::OkStatus();
      case REDISMODULE_KSPEC_BS_INDEX:
        spec->begin = KeySpec::Begin::kIndex;
        spec->position = entry.bs.index.pos;
        return absl::OkStatus();
      case REDISMODULE_KSPEC_BS_KEYWORD:
        if (entry.bs.keyword.keyword == nullptr) return Invalid("a key spec's keyword is missing");
        spec->begin = KeySpec::Begin::kKeyword;
        spec->keyword = command_.Keep(entry.bs.keyword.keyword);
        spec->start_from = entry.bs.keyword.startfrom;
        return absl::OkStatus();
      case REDISMODULE_KSPEC_BS_INVALID:
        break;
    }
    return Invalid("a key spec begins in a way that is not known");
  }

  static absl::Status Find(const RedisModuleCommandKeySpec& entry, KeySpec* spec) {
    switch (entry.find_keys_type) {
      case REDISMODULE_KSPEC_FK_OMITTED:  // One key.
        spec->find = KeySpec::Find::kRange;
        return absl::OkStatus();
      case REDISMODULE_KSPEC_FK_UNKNOWN:
        return absl::OkStatus();
      case REDISMODULE_KSPEC_FK_RANGE:
        spec->find = KeySpec::Find::kRange;
        spec->last = entry.fk.range.lastkey;
        spec->step = std::max(entry.fk.range.keystep, 1);
        spec->limit = entry.fk.range.limit;
        return absl::OkStatus();
      case REDISMODULE_KSPEC_FK_KEYNUM:
        spec->find = KeySpec::Find::kKeyNum;
        spec->count_at = entry.fk.keynum.keynumidx;
        spec->first_key = entry.fk.keynum.firstkey;
        spec->step = std::max(entry.fk.keynum.keystep, 1);
        return absl::OkStatus();
    }
    return Invalid("a key spec finds keys in a way that is not known");
  }

  // --- Arguments, in the notation of argument_notation.h. ---

  absl::Status Arguments() {
    if (info_.args == nullptr) return absl::OkStatus();
    std::string notation;
    const absl::Status status = List(info_.args, ' ', 0, &notation);
    if (!status.ok()) return status;
    row_.arguments = command_.Keep(notation);
    if (node::ParseArguments(row_.arguments)) return absl::OkStatus();
    return Invalid(StrCat("its arguments have names of other characters than letters, digits, '-', "
                          "'_' and '.': ",
                          notation));
  }

  absl::Status List(const RedisModuleCommandArg* args, char separator, int depth,
                    std::string* out) {
    if (depth > kDepthMax) return Invalid("its arguments are nested too deeply");
    for (size_t i = 0;; ++i) {
      const auto& arg = At(args, info_.version->sizeof_arg, i);
      if (arg.name == nullptr) return absl::OkStatus();
      if (i > 0) out->push_back(separator);
      const absl::Status status = One(arg, depth, out);
      if (!status.ok()) return status;
    }
  }

  absl::Status One(const RedisModuleCommandArg& arg, int depth, std::string* out) {
    constexpr int kKnown = REDISMODULE_CMD_ARG_OPTIONAL | REDISMODULE_CMD_ARG_MULTIPLE |
                           REDISMODULE_CMD_ARG_MULTIPLE_TOKEN;
    const auto invalid = [&](std::string_view what) {
      return Invalid(StrCat("argument '", arg.name, "' ", what));
    };
    const bool is_key = arg.type == REDISMODULE_ARG_TYPE_KEY;
    const bool has_parts =
        arg.type == REDISMODULE_ARG_TYPE_ONEOF || arg.type == REDISMODULE_ARG_TYPE_BLOCK;
    if ((arg.flags & ~kKnown) != 0) return invalid("has flags that are not known");
    if (is_key && arg.key_spec_index < 0) return invalid("is a key without a key spec");
    if (!is_key && arg.key_spec_index > 0) return invalid("is no key and has a key spec");
    if (has_parts != (arg.subargs != nullptr)) {
      return invalid(has_parts ? "has no parts" : "has parts, and is of a type without such");
    }
    const bool optional = (arg.flags & REDISMODULE_CMD_ARG_OPTIONAL) != 0;
    if (optional) out->push_back('[');
    absl::Status status = Body(arg, depth, out);
    if (!status.ok()) return status;
    if (is_key) out->append(StrCat("#", arg.key_spec_index));
    const bool has_display = info_.version->sizeof_arg > kArgSizeWithoutDisplay;
    if (has_display && arg.display_text != nullptr) {
      out->append(StrCat("{", arg.display_text, "}"));
    }
    if (arg.since != nullptr) out->append(StrCat("@", arg.since));
    if (arg.deprecated_since != nullptr) out->append(StrCat("~", arg.deprecated_since));
    const bool repeats_token = (arg.flags & REDISMODULE_CMD_ARG_MULTIPLE_TOKEN) != 0;
    if (repeats_token || (arg.flags & REDISMODULE_CMD_ARG_MULTIPLE) != 0) out->push_back('+');
    if (repeats_token) out->push_back('+');
    if (optional) out->push_back(']');
    return absl::OkStatus();
  }

  absl::Status Body(const RedisModuleCommandArg& arg, int depth, std::string* out) {
    if (arg.type == REDISMODULE_ARG_TYPE_PURE_TOKEN) {
      if (arg.token == nullptr) return Invalid(StrCat("argument '", arg.name, "' has no token"));
      out->append(StrCat("!'", arg.token, "'=", arg.name));
      return absl::OkStatus();
    }
    if (arg.token != nullptr) out->append(StrCat("'", arg.token, "'="));
    out->append(arg.name);
    switch (arg.type) {
      case REDISMODULE_ARG_TYPE_STRING:
        out->append(":string");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_INTEGER:
        out->append(":integer");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_DOUBLE:
        out->append(":double");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_KEY:
        out->append(":key");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_PATTERN:
        out->append(":pattern");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_UNIX_TIME:
        out->append(":unix-time");
        return absl::OkStatus();
      case REDISMODULE_ARG_TYPE_ONEOF:
        return Parts(arg, '<', '|', '>', depth, out);
      case REDISMODULE_ARG_TYPE_BLOCK:
        return Parts(arg, '(', ' ', ')', depth, out);
      case REDISMODULE_ARG_TYPE_PURE_TOKEN:
        break;
    }
    return Invalid(StrCat("argument '", arg.name, "' is of a type that is not known"));
  }

  absl::Status Parts(const RedisModuleCommandArg& arg, char open, char separator, char close,
                     int depth, std::string* out) {
    out->push_back(open);
    const absl::Status status = List(arg.subargs, separator, depth + 1, out);
    out->push_back(close);
    return status;
  }

  const RedisModuleCommandInfo& info_;
  RedisModuleCommand& command_;
  node::CommandSpec row_;
};

}  // namespace

absl::Status FillIn(const RedisModuleCommandInfo& info, RedisModuleCommand& command) {
  Reader reader(info, command);
  const absl::Status status = reader.Read();
  if (status.ok()) command.row = reader.row();
  return status;
}

}  // namespace slotmesh::modules
