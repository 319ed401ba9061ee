// Directives whose value is more than one number, text or name. For the table in directives.cc
// only.
#ifndef SLOTMESH_NODE_CONFIG_SPECIAL_FIELDS_H_
#define SLOTMESH_NODE_CONFIG_SPECIAL_FIELDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "node/config/directives.h"

namespace slotmesh::node::fields {

using Lines = std::vector<std::string>;

std::string GetSave(const Config& config);
absl::Status SetSave(DirectiveWords words, bool append, Config* config);
Lines SaveLines(const Config& config);
std::string GetOutputLimits(const Config& config);
absl::Status SetOutputLimits(DirectiveWords words, bool append, Config* config);
Lines OutputLimitLines(const Config& config);
std::string GetNotify(const Config& config);
absl::Status SetNotify(DirectiveWords words, bool append, Config* config);
Lines NotifyLines(const Config& config);
std::string GetPercentiles(const Config& config);
absl::Status SetPercentiles(DirectiveWords words, bool append, Config* config);
Lines PercentileLines(const Config& config);
std::string GetOomValues(const Config& config);
absl::Status SetOomValues(DirectiveWords words, bool append, Config* config);
std::string GetReplicaOf(const Config& config);
Lines ReplicaOfLines(const Config& config);
absl::Status SetReplicaOf(DirectiveWords words, bool append, Config* config);
std::string GetDir(const Config& config);
absl::Status SetDir(DirectiveWords words, bool append, Config* config);
Lines DirLines(const Config& config);
std::string GetHz(const Config& config);
absl::Status SetHz(DirectiveWords words, bool append, Config* config);
std::string GetNothing(const Config& config);
absl::Status AddUser(DirectiveWords words, bool append, Config* config);
absl::Status AddModule(DirectiveWords words, bool append, Config* config);
absl::Status AddRename(DirectiveWords words, bool append, Config* config);

// Lists of addresses; no word, or one empty one: no address.
template <std::vector<std::string> Config::*kField>
std::string GetList(const Config& config);
template <std::vector<std::string> Config::*kField>
absl::Status SetList(DirectiveWords words, bool append, Config* config);
template <std::vector<std::string> Config::*kField>
Lines ListLines(const Config& config);

// Sets of ShutdownFlag.
template <uint32_t Config::*kField>
std::string GetShutdown(const Config& config);
template <uint32_t Config::*kField>
absl::Status SetShutdown(DirectiveWords words, bool append, Config* config);

inline constexpr SpecialField kSave = {&GetSave, &SetSave, &SaveLines};
inline constexpr SpecialField kOutputLimits = {&GetOutputLimits, &SetOutputLimits,
                                               &OutputLimitLines};
inline constexpr SpecialField kNotify = {&GetNotify, &SetNotify, &NotifyLines};
inline constexpr SpecialField kPercentiles = {&GetPercentiles, &SetPercentiles, &PercentileLines};
inline constexpr SpecialField kOomValues = {&GetOomValues, &SetOomValues, nullptr};
inline constexpr SpecialField kReplicaOf = {&GetReplicaOf, &SetReplicaOf, &ReplicaOfLines};
inline constexpr SpecialField kDir = {&GetDir, &SetDir, &DirLines};
inline constexpr SpecialField kHz = {&GetHz, &SetHz, nullptr};
inline constexpr SpecialField kUsers = {&GetNothing, &AddUser, nullptr};
inline constexpr SpecialField kModules = {&GetNothing, &AddModule, nullptr};
inline constexpr SpecialField kRenames = {&GetNothing, &AddRename, nullptr};
template <std::vector<std::string> Config::*kField>
inline constexpr SpecialField kList = {&GetList<kField>, &SetList<kField>, &ListLines<kField>};
template <uint32_t Config::*kField>
inline constexpr SpecialField kShutdown = {&GetShutdown<kField>, &SetShutdown<kField>, nullptr};

// Checks of texts: null, or the reason for refusing one.
const char* FileNameOnly(std::string_view text);
const char* AppendFileName(std::string_view text);
const char* AppendDirName(std::string_view text);
const char* Hostname(std::string_view text);
const char* HumanName(std::string_view text);
const char* Ipv4(std::string_view text);
const char* Ipv6(std::string_view text);
const char* TitleTemplate(std::string_view text);

}  // namespace slotmesh::node::fields

#endif  // SLOTMESH_NODE_CONFIG_SPECIAL_FIELDS_H_
