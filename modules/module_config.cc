#include "modules/module_config.h"

#include <optional>

#include "absl/strings/str_split.h"
#include "modules/string.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

absl::Status Reason(std::string_view text) { return absl::InvalidArgumentError(ToAbsl(text)); }

// What a setter said, whose string is freed.
absl::Status ResultOf(int result, RedisModuleString* error) {
  const std::string text(error == nullptr ? std::string_view() : error->view());
  if (error != nullptr) error->Release();
  return result == REDISMODULE_OK ? absl::OkStatus() : Reason(text);
}

template <typename Call>
absl::Status Hand(Call call) {
  RedisModuleString* error = nullptr;
  const int result = call(&error);
  return ResultOf(result, error);
}

// Names of the bits, those of more bits first as the module lists them.
std::string NameOf(const EnumConfig& config, int value, bool bits) {
  std::string names;
  int rest = value;
  for (const auto& [name, number] : config.values) {
    if (number == value) return name;
    if (!bits || number == 0 || (rest & number) != number) continue;
    names += StrCat(names.empty() ? "" : " ", name);
    rest &= ~number;
  }
  return names.empty() || rest != 0 ? "unknown" : names;
}

absl::Status ParseEnum(const EnumConfig& config, std::string_view text, bool bits, int* value) {
  const std::vector<absl::string_view> words = absl::StrSplit(ToAbsl(text), ' ', absl::SkipEmpty());
  bool known = !words.empty() && (bits || words.size() == 1);
  *value = 0;
  for (const absl::string_view word : words) {
    bool found = false;
    for (const auto& [name, number] : config.values) {
      if (!EqualsIgnoreCase(name, ToStd(word))) continue;
      *value |= number;
      found = true;
    }
    known = known && found;
  }
  if (known) return absl::OkStatus();
  std::string names;
  for (const auto& [name, number] : config.values) {
    names += StrCat(names.empty() ? "" : ", ", name);
  }
  return Reason(StrCat("argument(s) must be one of the following: ", names));
}

absl::Status ParseNumber(const NumericConfig& config, std::string_view text, bool memory,
                         long long* value) {
  if (memory) {
    const std::optional<uint64_t> bytes = node::ParseMemory(text);
    if (!bytes.has_value()) return Reason("argument must be a memory value");
    *value = static_cast<long long>(*bytes);
  } else {
    const std::optional<int64_t> number = node::ParseInt64(text);
    if (!number.has_value()) return Reason("argument couldn't be parsed into an integer");
    *value = *number;
  }
  if (*value >= config.min && *value <= config.max) return absl::OkStatus();
  return Reason(StrCat("argument must be between ", config.min, " and ", config.max, " inclusive"));
}

struct Reader {
  const ModuleConfig& config;

  std::string operator()(const BoolConfig& kind) const {
    return kind.get(config.name.c_str(), config.private_data) != 0 ? "yes" : "no";
  }
  std::string operator()(const NumericConfig& kind) const {
    return StrCat(kind.get(config.name.c_str(), config.private_data));
  }
  std::string operator()(const StringConfig& kind) const {
    const RedisModuleString* text = kind.get(config.name.c_str(), config.private_data);
    return text == nullptr ? "" : std::string(text->view());
  }
  std::string operator()(const EnumConfig& kind) const {
    return NameOf(kind, kind.get(config.name.c_str(), config.private_data),
                  config.Has(REDISMODULE_CONFIG_BITFLAGS));
  }
};

struct Defaults {
  const ModuleConfig& config;

  std::string operator()(const BoolConfig& kind) const { return kind.default_value ? "yes" : "no"; }
  std::string operator()(const NumericConfig& kind) const { return StrCat(kind.default_value); }
  std::string operator()(const StringConfig& kind) const { return kind.default_value; }
  std::string operator()(const EnumConfig& kind) const {
    return NameOf(kind, kind.default_value, config.Has(REDISMODULE_CONFIG_BITFLAGS));
  }
};

struct Writer {
  const ModuleConfig& config;
  std::string_view text;

  const char* name() const { return config.name.c_str(); }

  absl::Status operator()(const BoolConfig& kind) const {
    const bool yes = EqualsIgnoreCase(text, "yes");
    if (!yes && !EqualsIgnoreCase(text, "no")) return Reason("argument must be 'yes' or 'no'");
    return Hand([&](RedisModuleString** error) {
      return kind.set(name(), yes ? 1 : 0, config.private_data, error);
    });
  }
  absl::Status operator()(const NumericConfig& kind) const {
    long long value = 0;
    const absl::Status status =
        ParseNumber(kind, text, config.Has(REDISMODULE_CONFIG_MEMORY), &value);
    if (!status.ok()) return status;
    return Hand([&](RedisModuleString** error) {
      return kind.set(name(), value, config.private_data, error);
    });
  }
  absl::Status operator()(const StringConfig& kind) const {
    auto* value = new RedisModuleString(text);
    const absl::Status status = Hand([&](RedisModuleString** error) {
      return kind.set(name(), value, config.private_data, error);
    });
    value->Release();
    return status;
  }
  absl::Status operator()(const EnumConfig& kind) const {
    int value = 0;
    const absl::Status status =
        ParseEnum(kind, text, config.Has(REDISMODULE_CONFIG_BITFLAGS), &value);
    if (!status.ok()) return status;
    return Hand([&](RedisModuleString** error) {
      return kind.set(name(), value, config.private_data, error);
    });
  }
};

}  // namespace

std::string ModuleConfig::Value() const { return std::visit(Reader{*this}, kind); }
std::string ModuleConfig::Default() const { return std::visit(Defaults{*this}, kind); }
absl::Status ModuleConfig::Set(std::string_view text) {
  return std::visit(Writer{*this, text}, kind);
}

}  // namespace slotmesh::modules
