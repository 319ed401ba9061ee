#include "node/config/config_store.h"

#include <glob.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "node/config/arguments.h"
#include "node/resp/glob.h"
#include "node/resp/split_args.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Directives of Redis' past that files may still have, and that mean nothing.
constexpr std::string_view kForgotten[] = {"list-max-ziplist-entries", "list-max-ziplist-value",
                                           "lua-replicate-commands"};

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = line.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kSpace) - first + 1);
}

// A value's words. In a file several words may also stand in one pair of quotes.
absl::Status SetWords(const Directive& directive, absl::Span<const std::string> words, bool append,
                      Config* config) {
  std::optional<std::vector<std::string>> inner;
  if (directive.Has(kMultiArg) && !directive.Has(kRepeated) && words.size() == 1) {
    inner = SplitArgs(words[0]);
    if (inner.has_value() && !inner->empty()) words = *inner;
  }
  const std::vector<std::string_view> views(words.begin(), words.end());
  return directive.Set(views, append, config);
}

absl::Status Reason(std::string_view reason) { return absl::InvalidArgumentError(ToAbsl(reason)); }

absl::Status SetFailed(std::string_view name, std::string_view reason) {
  const std::string text = StrCat("CONFIG SET failed (possibly related to argument '", name, "')");
  return Reason(reason.empty() ? text : StrCat(text, " - ", reason));
}

}  // namespace

bool ConfigStore::Hook::Concerns(const Directive* directive) const {
  return std::find(directives.begin(), directives.end(), directive) != directives.end();
}

ConfigStore::ConfigStore(std::string version, std::function<std::string()> read_stdin)
    : version_(std::move(version)), read_stdin_(std::move(read_stdin)) {
  std::error_code ignored;
  config_.dir = std::filesystem::current_path(ignored).string();
}

absl::Status ConfigStore::Fatal(std::string_view details) const {
  return absl::InvalidArgumentError(
      StrCat("*** FATAL CONFIG FILE ERROR (slotmesh ", version_, ") ***\n", details));
}

absl::Status ConfigStore::LoadArguments(absl::Span<const std::string> args) {
  const Arguments arguments = ReadArguments(args);
  if (!arguments.file.empty()) {
    std::error_code ignored;
    file_ = std::filesystem::absolute(arguments.file, ignored).lexically_normal().string();
    const absl::Status status = LoadPath(file_, 0);
    if (!status.ok()) return status;
  }
  if (arguments.standard_input && read_stdin_ != nullptr) {
    const absl::Status status = LoadText(read_stdin_(), "standard input");
    if (!status.ok()) return status;
  }
  const absl::Status status = LoadText(arguments.text, "the command line");
  if (!status.ok()) return status;
  if (config_.arbiter) config_.cluster_enabled = true;
  if (config_.cluster_enabled && !config_.replicaof_host.empty()) {
    return Fatal("replicaof directive not allowed in cluster mode");
  }
  return absl::OkStatus();
}

absl::Status ConfigStore::LoadText(std::string_view text, std::string_view source) {
  return LoadLines(text, source, 0);
}

absl::Status ConfigStore::LoadFile(const std::string& path) { return LoadPath(path, 0); }

absl::Status ConfigStore::LoadPath(const std::string& path, int depth) {
  std::ifstream file(path);
  std::stringstream content;
  if (file.is_open()) content << file.rdbuf();
  if (!file.is_open() || file.bad() || std::filesystem::is_directory(path)) {
    const char* const why = file.is_open() ? "not a file" : strerror(errno);
    return Fatal(StrCat("Can't open the configuration file '", path, "': ", why));
  }
  return LoadLines(content.str(), StrCat("the configuration file ", path), depth);
}

absl::Status ConfigStore::LoadLines(std::string_view text, std::string_view source, int depth) {
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    const std::optional<std::vector<std::string>> words = SplitArgs(line);
    if (words.has_value() && words->empty()) continue;
    const absl::Status status = words.has_value()
                                    ? LoadLine(*words, depth)
                                    : Reason("Unbalanced quotes in configuration line");
    if (status.ok()) continue;
    if (absl::StartsWith(status.message(), "***")) return status;  // An included file's.
    const Directive* directive = words.has_value() ? FindDirective((*words)[0]) : nullptr;
    const bool secret = directive != nullptr && directive->Has(kSensitive);
    return Fatal(StrCat("Reading ", source, ", at line ", number, "\n>>> '",
                        secret ? StrCat(directive->name, " (value not shown)") : std::string(line),
                        "'\n", ToStd(status.message())));
  }
  return absl::OkStatus();
}

absl::Status ConfigStore::LoadLine(absl::Span<const std::string> words, int depth) {
  const std::string& name = words[0];
  const Directive* directive = FindDirective(name);
  if (directive != nullptr) {
    const bool append = std::find(loaded_.begin(), loaded_.end(), directive) != loaded_.end();
    const absl::Status status = SetWords(*directive, words.subspan(1), append, &config_);
    if (status.ok() && !append) loaded_.push_back(directive);
    return status;
  }
  if (EqualsIgnoreCase(name, "include") && words.size() == 2) return Include(words[1], depth + 1);
  for (const std::string_view forgotten : kForgotten) {
    if (EqualsIgnoreCase(name, forgotten) && words.size() == 2) return absl::OkStatus();
  }
  if (name.find('.') != std::string::npos) {
    if (words.size() < 2) return Reason("Module config specified without value");
    unclaimed_.emplace_back(name, words[1]);
    return absl::OkStatus();
  }
  return Reason("Bad directive or wrong number of arguments");
}

absl::Status ConfigStore::Include(const std::string& pattern, int depth) {
  if (depth > kIncludeDepthMax) return Reason("include nested too deeply");
  if (pattern.find_first_of("*?[") == std::string::npos) {
    // A missing file is an error of the line that names it.
    if (std::error_code error; !std::filesystem::exists(pattern, error)) {
      return Reason(StrCat("Can't open the configuration file '", pattern,
                           "': ", strerror(error ? error.value() : ENOENT)));
    }
    return LoadPath(pattern, depth);
  }
  glob_t found;
  if (glob(pattern.c_str(), 0, nullptr, &found) != 0) return absl::OkStatus();  // Nothing matches.
  absl::Status status;
  for (size_t i = 0; i < found.gl_pathc && status.ok(); ++i) {
    status = LoadPath(found.gl_pathv[i], depth);
  }
  globfree(&found);
  return status;
}

std::vector<ConfigStore::NameValue> ConfigStore::Get(
    absl::Span<const std::string_view> patterns) const {
  std::vector<NameValue> found;
  for (const Directive& directive : AllDirectives()) {
    if (directive.Has(kRepeated)) continue;
    for (const std::string_view name : {directive.name, directive.alias}) {
      const auto wanted = [&](std::string_view pattern) {
        if (directive.Has(kHidden)) return EqualsIgnoreCase(pattern, name);
        return GlobMatchesIgnoreCase(pattern, name);
      };
      if (!name.empty() && std::any_of(patterns.begin(), patterns.end(), wanted)) {
        found.emplace_back(name, directive.Get(config_));
      }
    }
  }
  if (extension_ == nullptr) return found;
  for (const ConfigExtension::Setting& setting : extension_->Settings()) {
    const auto wanted = [&](std::string_view pattern) {
      if (setting.hidden) return EqualsIgnoreCase(pattern, setting.name);
      return GlobMatchesIgnoreCase(pattern, setting.name);
    };
    if (std::any_of(patterns.begin(), patterns.end(), wanted)) {
      found.emplace_back(setting.name, setting.value);
    }
  }
  return found;
}

std::string ConfigStore::Value(std::string_view name) const {
  const Directive* directive = FindDirective(name);
  return directive == nullptr ? "" : directive->Get(config_);
}

absl::Status ConfigStore::CheckSettable(const Change& change, bool local) const {
  const Directive& directive = *change.directive;
  if (directive.Has(kImmutable)) {
    // Whoever sets all that CONFIG GET gave asks for nothing new.
    if (change.value == directive.Get(config_)) return absl::OkStatus();
    return SetFailed(change.name, "can't set immutable config");
  }
  if (directive.Has(kProtected)) {
    const ProtectedAction allowed = config_.enable_protected_configs;
    if (allowed == ProtectedAction::kNo || (allowed == ProtectedAction::kLocal && !local)) {
      return SetFailed(change.name, "can't set protected config");
    }
  }
  if (directive.Has(kNeedsApply) &&
      std::none_of(hooks_.begin(), hooks_.end(),
                   [&](const Hook& hook) { return hook.Concerns(&directive); })) {
    return SetFailed(change.name, "can't be changed while the server runs");
  }
  return absl::OkStatus();
}

absl::Status ConfigStore::CheckChanges(absl::Span<const std::string_view> names_and_values,
                                       bool local, std::vector<Change>* own,
                                       std::vector<NameValue>* others) const {
  for (size_t i = 0; i < names_and_values.size(); i += 2) {
    const std::string_view name = names_and_values[i];
    if (extension_ != nullptr && extension_->Has(name)) {
      const absl::Status status = extension_->CheckSettable(name, local);
      if (!status.ok()) return SetFailed(name, ToStd(status.message()));
      for (const NameValue& other : *others) {
        if (EqualsIgnoreCase(other.first, name)) return SetFailed(name, "duplicate parameter");
      }
      others->emplace_back(name, names_and_values[i + 1]);
      continue;
    }
    const Directive* directive = FindDirective(name);
    if (directive == nullptr || directive->Has(kRepeated)) {
      return Reason(StrCat("Unknown option or number of arguments for CONFIG SET - '", name, "'"));
    }
    own->push_back({directive, name, names_and_values[i + 1]});
  }
  for (size_t i = 0; i < own->size(); ++i) {
    const absl::Status status = CheckSettable((*own)[i], local);
    if (!status.ok()) return status;
    for (size_t j = 0; j < i; ++j) {
      if ((*own)[j].directive == (*own)[i].directive) {
        return SetFailed((*own)[i].name, "duplicate parameter");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigStore::SetOthers(const std::vector<NameValue>& changes,
                                    std::vector<NameValue>* before) {
  if (changes.empty()) return absl::OkStatus();
  for (const ConfigExtension::Setting& setting : extension_->Settings()) {
    for (const NameValue& change : changes) {
      if (EqualsIgnoreCase(setting.name, change.first)) {
        before->emplace_back(setting.name, setting.value);
      }
    }
  }
  std::string failed;
  const absl::Status status = extension_->Set(changes, &failed);
  return status.ok() ? status : SetFailed(failed, ToStd(status.message()));
}

absl::Status ConfigStore::Set(absl::Span<const std::string_view> names_and_values, bool local) {
  if (names_and_values.empty() || names_and_values.size() % 2 != 0) return Reason("syntax error");
  std::vector<Change> changes;
  std::vector<NameValue> others;
  absl::Status status = CheckChanges(names_and_values, local, &changes, &others);
  if (!status.ok()) return status;
  const Config before = config_;
  for (const Change& change : changes) {
    std::vector<std::string> words = {std::string(change.value)};
    if (change.directive->Has(kMultiArg)) words = SplitArgs(change.value).value_or(words);
    const std::vector<std::string_view> views(words.begin(), words.end());
    status = change.directive->Set(views, /*append=*/false, &config_);
    if (!status.ok()) {
      config_ = before;
      return SetFailed(change.name, ToStd(status.message()));
    }
  }
  std::vector<NameValue> others_before;
  status = SetOthers(others, &others_before);
  if (!status.ok()) {
    config_ = before;
    return status;
  }
  status = RunHooks(changes, before);
  if (!status.ok()) {
    std::string failed;
    if (!others.empty()) extension_->Set(others_before, &failed).IgnoreError();
    return status;
  }
  if (on_set_) {
    std::vector<std::string_view> names;
    for (size_t i = 0; i < names_and_values.size(); i += 2) names.push_back(names_and_values[i]);
    on_set_(names);
  }
  return absl::OkStatus();
}

void ConfigStore::Assign(std::string_view name, std::initializer_list<std::string_view> words) {
  CHECK(FindDirective(name)
            ->Set(DirectiveWords(words.begin(), words.size()), /*append=*/false, &config_)
            .ok());
}

// Tells everyone concerned. The first who refuses undoes everything: the others before it are told
// the old values.
absl::Status ConfigStore::RunHooks(absl::Span<const Change> changes, const Config& before) {
  std::vector<const Hook*> told;
  for (const Hook& hook : hooks_) {
    const auto* change = std::find_if(changes.begin(), changes.end(), [&](const Change& c) {
      return hook.Concerns(c.directive) && c.directive->Get(before) != c.directive->Get(config_);
    });
    if (change == changes.end()) continue;
    told.push_back(&hook);
    const absl::Status status = hook.apply(config_);
    if (status.ok()) continue;
    config_ = before;
    for (const Hook* undone : told) undone->apply(config_).IgnoreError();
    return SetFailed(change->name, ToStd(status.message()));
  }
  return absl::OkStatus();
}

void ConfigStore::OnChange(absl::Span<const std::string_view> names, Apply apply) {
  Hook hook;
  for (const std::string_view name : names) {
    const Directive* directive = FindDirective(name);
    CHECK(directive != nullptr);
    hook.directives.push_back(directive);
  }
  hook.apply = std::move(apply);
  hooks_.push_back(std::move(hook));
}

std::vector<const Directive*> ConfigStore::Inert() const {
  const Config defaults;
  std::vector<const Directive*> inert;
  for (const Directive& directive : AllDirectives()) {
    if (directive.effect == DirectiveEffect::kLive) continue;
    const bool given = std::find(loaded_.begin(), loaded_.end(), &directive) != loaded_.end();
    const std::string value = directive.Get(config_);
    // What is switched off ("save ''") misses nothing.
    const bool changed = value != directive.Get(defaults) && !value.empty();
    if (directive.Has(kRepeated) ? given : changed) {
      inert.push_back(&directive);
    }
  }
  return inert;
}

}  // namespace slotmesh::node
