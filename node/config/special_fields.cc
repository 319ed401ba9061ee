#include "node/config/special_fields.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node::fields {
namespace {

constexpr size_t kBindMax = 16;
constexpr int64_t kOomScoreMax = 2000;
constexpr int64_t kPortMax = 65535;

absl::Status Bad(std::string_view reason) { return absl::InvalidArgumentError(ToAbsl(reason)); }

bool IsOneEmpty(DirectiveWords words) { return words.size() == 1 && words[0].empty(); }

void AppendWord(std::string_view word, std::string* line) {
  if (!line->empty()) line->push_back(' ');
  line->append(word);
}

std::optional<OutputClass> ParseOutputClass(std::string_view word) {
  if (EqualsIgnoreCase(word, "normal")) return kOutputNormal;
  if (EqualsIgnoreCase(word, "slave") || EqualsIgnoreCase(word, "replica")) return kOutputReplica;
  if (EqualsIgnoreCase(word, "pubsub")) return kOutputPubsub;
  return std::nullopt;
}

std::string LimitText(const OutputLimit& limit) {
  return StrCat(limit.hard_bytes, " ", limit.soft_bytes, " ", limit.soft_seconds);
}

constexpr std::pair<char, uint32_t> kEventLetters[] = {
    {'g', kNotifyGeneric}, {'$', kNotifyString}, {'l', kNotifyList},     {'s', kNotifySet},
    {'h', kNotifyHash},    {'z', kNotifyZset},   {'x', kNotifyExpired},  {'e', kNotifyEvicted},
    {'t', kNotifyStream},  {'d', kNotifyModule}, {'K', kNotifyKeyspace}, {'E', kNotifyKeyevent},
    {'m', kNotifyKeyMiss}, {'n', kNotifyNew},
};

std::vector<std::string> Copied(DirectiveWords words) { return {words.begin(), words.end()}; }

constexpr EnumName kShutdownNames[] = {
    {"default", kShutdownDefault}, {"save", kShutdownSave},   {"nosave", kShutdownNoSave},
    {"now", kShutdownNow},         {"force", kShutdownForce}, {"failover", kShutdownFailover},
};

bool IsHostnameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

}  // namespace

// save <seconds> <changes> ...

std::string GetSave(const Config& config) {
  std::string text;
  for (const SavePoint& point : config.save) {
    AppendWord(StrCat(point.seconds, " ", point.changes), &text);
  }
  return text;
}

absl::Status SetSave(DirectiveWords words, bool append, Config* config) {
  std::vector<SavePoint> points;
  if (IsOneEmpty(words)) {
    append = false;
    words = {};
  }
  if (words.size() % 2 != 0) return Bad("Invalid save parameters");
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::optional<int64_t> seconds = ParseInt64(words[i]);
    const std::optional<int64_t> changes = ParseInt64(words[i + 1]);
    if (!seconds.has_value() || *seconds < 1 || !changes.has_value() || *changes < 0) {
      return Bad("Invalid save parameters");
    }
    points.push_back({*seconds, *changes});
  }
  if (!append) config->save.clear();
  config->save.insert(config->save.end(), points.begin(), points.end());
  return absl::OkStatus();
}

std::vector<std::string> SaveLines(const Config& config) {
  if (config.save.empty()) return {"\"\""};
  std::vector<std::string> lines;
  for (const SavePoint& point : config.save) {
    lines.push_back(StrCat(point.seconds, " ", point.changes));
  }
  return lines;
}

// client-output-buffer-limit <class> <hard> <soft> <seconds> ...

std::string GetOutputLimits(const Config& config) {
  const auto& limits = config.client_output_buffer_limit;
  return StrCat("normal ", LimitText(limits[kOutputNormal]), " slave ",
                LimitText(limits[kOutputReplica]), " pubsub ", LimitText(limits[kOutputPubsub]));
}

absl::Status SetOutputLimits(DirectiveWords words, bool append, Config* config) {
  if (words.size() % 4 != 0) {
    return Bad("Wrong number of arguments in buffer limit configuration.");
  }
  auto limits = config->client_output_buffer_limit;
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::optional<OutputClass> which = ParseOutputClass(words[i]);
    if (!which.has_value()) {
      return Bad("Invalid client class specified in buffer limit configuration.");
    }
    const std::optional<uint64_t> hard = ParseMemory(words[i + 1]);
    const std::optional<uint64_t> soft = ParseMemory(words[i + 2]);
    const std::optional<int64_t> seconds = ParseInt64(words[i + 3]);
    if (!hard.has_value() || !soft.has_value() || !seconds.has_value() || *seconds < 0) {
      return Bad("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    limits[*which] = {*hard, *soft, *seconds};
  }
  config->client_output_buffer_limit = limits;
  return absl::OkStatus();
}

std::vector<std::string> OutputLimitLines(const Config& config) {
  const auto& limits = config.client_output_buffer_limit;
  return {StrCat("normal ", LimitText(limits[kOutputNormal])),
          StrCat("replica ", LimitText(limits[kOutputReplica])),
          StrCat("pubsub ", LimitText(limits[kOutputPubsub]))};
}

// notify-keyspace-events <letters>

std::string GetNotify(const Config& config) {
  uint32_t flags = config.notify_keyspace_events;
  std::string text;
  if ((flags & kNotifyAll) == kNotifyAll) {
    text = "A";
    flags &= ~static_cast<uint32_t>(kNotifyAll);
  }
  for (const auto& [letter, flag] : kEventLetters) {
    if ((flags & flag) != 0) text.push_back(letter);
  }
  return text;
}

absl::Status SetNotify(DirectiveWords words, bool append, Config* config) {
  uint32_t flags = 0;
  for (const char c : words[0]) {
    const auto* found = std::find_if(std::begin(kEventLetters), std::end(kEventLetters),
                                     [c](const auto& pair) { return pair.first == c; });
    if (c == 'A') {
      flags |= kNotifyAll;
    } else if (found != std::end(kEventLetters)) {
      flags |= found->second;
    } else {
      return Bad("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
  }
  config->notify_keyspace_events = flags;
  return absl::OkStatus();
}

std::vector<std::string> NotifyLines(const Config& config) { return {QuoteArg(GetNotify(config))}; }

// latency-tracking-info-percentiles <number> ...

std::string GetPercentiles(const Config& config) {
  std::string text;
  for (const double percentile : config.latency_tracking_info_percentiles) {
    char number[kDoubleTextMax];
    const int n = std::snprintf(number, sizeof(number), "%.10g", percentile);
    AppendWord({number, static_cast<size_t>(n)}, &text);
  }
  return text;
}

absl::Status SetPercentiles(DirectiveWords words, bool append, Config* config) {
  std::vector<double> percentiles;
  if (IsOneEmpty(words)) words = {};
  for (const std::string_view word : words) {
    const std::optional<double> value = ParseDouble(word);
    if (!value.has_value()) return Bad("Invalid latency-tracking-info-percentiles parameters");
    if (*value < 0 || *value > 100) {
      return Bad("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    percentiles.push_back(*value);
  }
  config->latency_tracking_info_percentiles = std::move(percentiles);
  return absl::OkStatus();
}

std::vector<std::string> PercentileLines(const Config& config) {
  const std::string text = GetPercentiles(config);
  return {text.empty() ? "\"\"" : text};
}

// oom-score-adj-values <primary> <replica> <child>

std::string GetOomValues(const Config& config) {
  const auto& values = config.oom_score_adj_values;
  return StrCat(values[0], " ", values[1], " ", values[2]);
}

absl::Status SetOomValues(DirectiveWords words, bool append, Config* config) {
  auto values = config->oom_score_adj_values;
  if (words.size() != values.size()) return Bad("wrong number of arguments");
  for (size_t i = 0; i < values.size(); ++i) {
    const std::optional<int64_t> value = ParseInt64(words[i]);
    if (!value.has_value() || *value < -kOomScoreMax || *value > kOomScoreMax) {
      return Bad("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
    values[i] = *value;
  }
  config->oom_score_adj_values = values;
  return absl::OkStatus();
}

// replicaof <host> <port> | no one

std::string GetReplicaOf(const Config& config) {
  if (config.replicaof_host.empty()) return "";
  return StrCat(config.replicaof_host, " ", config.replicaof_port);
}

Lines ReplicaOfLines(const Config& config) {
  if (config.replicaof_host.empty()) return {};
  return {GetReplicaOf(config)};
}

absl::Status SetReplicaOf(DirectiveWords words, bool append, Config* config) {
  if (words.size() != 2) return Bad("wrong number of arguments");
  if (EqualsIgnoreCase(words[0], "no") && EqualsIgnoreCase(words[1], "one")) {
    config->replicaof_host.clear();
    config->replicaof_port = 0;
    return absl::OkStatus();
  }
  const std::optional<int64_t> port = ParseInt64(words[1]);
  if (!port.has_value() || *port < 0 || *port > kPortMax) return Bad("Invalid primary port");
  config->replicaof_host = std::string(words[0]);
  config->replicaof_port = *port;
  return absl::OkStatus();
}

// dir <path>: kept absolute. Whoever applies it changes directory.

std::string GetDir(const Config& config) { return config.dir; }

absl::Status SetDir(DirectiveWords words, bool append, Config* config) {
  std::string path(words[0]);
  if (path.empty() || path[0] != '/') {
    path = StrCat(config->dir, config->dir.empty() ? "" : "/", path);
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Bad(strerror(errno));
  if (!S_ISDIR(info.st_mode)) return Bad(strerror(ENOTDIR));
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) return Bad(strerror(errno));
  config->dir = resolved;
  return absl::OkStatus();
}

std::vector<std::string> DirLines(const Config& config) { return {QuoteArg(GetDir(config))}; }

// hz <n>: any number that is not negative, brought between 1 and 500.

std::string GetHz(const Config& config) { return StrCat(config.hz); }

absl::Status SetHz(DirectiveWords words, bool append, Config* config) {
  constexpr int64_t kMax = 500;
  const std::optional<int64_t> value = ParseInt64(words[0]);
  if (!value.has_value()) return Bad("argument couldn't be parsed into an integer");
  if (*value < 0 || *value > INT_MAX) {
    return Bad(StrCat("argument must be between 0 and ", INT_MAX, " inclusive"));
  }
  config->hz = std::clamp<int64_t>(*value, 1, kMax);
  return absl::OkStatus();
}

// user <name> <rule> ..., loadmodule <path> <arg> ..., rename-command <from> <to>

std::string GetNothing(const Config& config) { return ""; }

absl::Status AddUser(DirectiveWords words, bool append, Config* config) {
  if (words.empty()) return Bad("Bad directive or wrong number of arguments");
  for (const std::vector<std::string>& user : config->user) {
    if (user[0] == words[0]) {
      return Bad(
          StrCat("Error in user declaration '", words[0],
                 "': Duplicate user found. A user can only be defined once in config files"));
    }
  }
  config->user.push_back(Copied(words));
  return absl::OkStatus();
}

absl::Status AddModule(DirectiveWords words, bool append, Config* config) {
  if (words.empty()) return Bad("Bad directive or wrong number of arguments");
  config->loadmodule.push_back(Copied(words));
  return absl::OkStatus();
}

absl::Status AddRename(DirectiveWords words, bool append, Config* config) {
  if (words.size() != 2) return Bad("Bad directive or wrong number of arguments");
  config->rename_command.emplace_back(words[0], words[1]);
  return absl::OkStatus();
}

// Lists of addresses. No word, or one empty one: no address.

template <std::vector<std::string> Config::*kField>
std::string GetList(const Config& config) {
  std::string text;
  for (const std::string& word : config.*kField) AppendWord(word, &text);
  return text;
}

template <std::vector<std::string> Config::*kField>
absl::Status SetList(DirectiveWords words, bool append, Config* config) {
  if (words.size() > kBindMax) return Bad("Too many bind addresses specified.");
  config->*kField = IsOneEmpty(words) ? std::vector<std::string>() : Copied(words);
  return absl::OkStatus();
}

template <std::vector<std::string> Config::*kField>
std::vector<std::string> ListLines(const Config& config) {
  const std::string text = GetList<kField>(config);
  return {text.empty() ? "\"\"" : text};
}

// shutdown-on-sigterm and -sigint: a set of words.

template <uint32_t Config::*kField>
std::string GetShutdown(const Config& config) {
  std::string text;
  for (const EnumName& name : kShutdownNames) {
    if ((config.*kField & static_cast<uint32_t>(name.value)) != 0) AppendWord(name.name, &text);
  }
  return text.empty() ? "default" : text;
}

template <uint32_t Config::*kField>
absl::Status SetShutdown(DirectiveWords words, bool append, Config* config) {
  uint32_t flags = 0;
  bool known = !words.empty();
  for (const std::string_view word : words) {
    const auto* found =
        std::find_if(std::begin(kShutdownNames), std::end(kShutdownNames),
                     [word](const EnumName& n) { return EqualsIgnoreCase(n.name, word); });
    known = known && found != std::end(kShutdownNames);
    if (!known) break;
    flags |= static_cast<uint32_t>(found->value);
  }
  if (!known) {
    return Bad(
        "argument(s) must be one of the following: default, save, nosave, now, force, failover");
  }
  if ((flags & kShutdownSave) != 0 && (flags & kShutdownNoSave) != 0) {
    return Bad("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  config->*kField = flags;
  return absl::OkStatus();
}

template std::string GetList<&Config::bind>(const Config&);
template absl::Status SetList<&Config::bind>(DirectiveWords, bool, Config*);
template std::vector<std::string> ListLines<&Config::bind>(const Config&);
template std::string GetList<&Config::http_bind>(const Config&);
template absl::Status SetList<&Config::http_bind>(DirectiveWords, bool, Config*);
template std::vector<std::string> ListLines<&Config::http_bind>(const Config&);
template std::string GetList<&Config::cluster_bind>(const Config&);
template absl::Status SetList<&Config::cluster_bind>(DirectiveWords, bool, Config*);
template std::vector<std::string> ListLines<&Config::cluster_bind>(const Config&);
template std::string GetList<&Config::rdma_bind>(const Config&);
template absl::Status SetList<&Config::rdma_bind>(DirectiveWords, bool, Config*);
template std::vector<std::string> ListLines<&Config::rdma_bind>(const Config&);
template std::string GetShutdown<&Config::shutdown_on_sigterm>(const Config&);
template absl::Status SetShutdown<&Config::shutdown_on_sigterm>(DirectiveWords, bool, Config*);
template std::string GetShutdown<&Config::shutdown_on_sigint>(const Config&);
template absl::Status SetShutdown<&Config::shutdown_on_sigint>(DirectiveWords, bool, Config*);

const char* FileNameOnly(std::string_view text) {
  return text.find('/') == std::string_view::npos ? nullptr
                                                  : "dbfilename can't be a path, just a filename";
}

const char* AppendFileName(std::string_view text) {
  if (text.empty()) return "appendfilename can't be empty";
  return text.find('/') == std::string_view::npos
             ? nullptr
             : "appendfilename can't be a path, just a filename";
}

const char* AppendDirName(std::string_view text) {
  if (text.empty()) return "appenddirname can't be empty";
  return text.find('/') == std::string_view::npos ? nullptr
                                                  : "appenddirname can't be a path, just a dirname";
}

const char* Hostname(std::string_view text) {
  constexpr size_t kMax = 256;
  if (text.size() >= kMax) return "Hostnames must be less than 256 characters";
  for (const char c : text) {
    if (!IsHostnameCharacter(c)) {
      return "Hostnames may only contain alphanumeric characters, hyphens or dots";
    }
  }
  return nullptr;
}

const char* HumanName(std::string_view text) {
  constexpr size_t kMax = 256;
  if (text.size() >= kMax) return "Hostnames must be less than 256 characters";
  for (const char c : text) {
    if (!IsHostnameCharacter(c) && c != '_') {
      return "Announced human node name contained invalid character";
    }
  }
  return nullptr;
}

const char* Ipv4(std::string_view text) {
  for (const char c : text) {
    if (!(c >= '0' && c <= '9') && c != '.') return "Invalid IPv4 address";
  }
  return nullptr;
}

const char* Ipv6(std::string_view text) {
  for (const char c : text) {
    const bool hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    if (!hex && c != ':' && c != '.') return "Invalid IPv6 address";
  }
  return nullptr;
}

const char* TitleTemplate(std::string_view text) {
  constexpr const char* kWrong = "template format is invalid or contains unknown variables";
  constexpr std::string_view kNames[] = {"title",    "listen-addr", "server-mode", "port",
                                         "tls-port", "unixsocket",  "config-file"};
  while (true) {
    const size_t open = text.find('{');
    if (open == std::string_view::npos) return nullptr;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return kWrong;
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) return kWrong;
    text.remove_prefix(close + 1);
  }
}

}  // namespace slotmesh::node::fields
