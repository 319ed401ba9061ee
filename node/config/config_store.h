// Reads, reports, changes and writes back the settings of one node: redis.conf files, `--directive
// value` arguments, CONFIG GET, SET and REWRITE.
//
//   ConfigStore store(kVersion);
//   absl::Status status = store.LoadArguments(args);    // argv[1..]; message() is ready for stderr
//   store.config().maxmemory
//   store.OnChange({"maxmemory"}, [&](const Config& config) { ...; return absl::OkStatus(); });
//
// Thread-compatible: the engine thread owns it. Owns the Config, which keeps its address for the
// store's life. Invariant: each field is within its directive's bounds. A failed Set changes
// nothing.
#ifndef SLOTMESH_NODE_CONFIG_CONFIG_STORE_H_
#define SLOTMESH_NODE_CONFIG_CONFIG_STORE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/config/config.h"
#include "node/config/config_extension.h"
#include "node/config/directives.h"

namespace slotmesh::node {

// What a rewritten file tells of settings that it did not: those that differ from their default, or
// all.
enum class RewriteExtent : uint8_t { kChanged, kAll };

class ConfigStore {
 public:
  using NameValue = std::pair<std::string, std::string>;
  // Makes a change take effect; an error's message() is the reason shown to the client, and undoes
  // the whole SET.
  using Apply = std::function<absl::Status(const Config&)>;

  static constexpr int kIncludeDepthMax = 16;

  // `version` is for the headline of start-up errors. `read_stdin` supplies what a `-` argument
  // reads; null: nothing.
  explicit ConfigStore(std::string version = "", std::function<std::string()> read_stdin = nullptr);

  const Config& config() const { return config_; }

  // Starting up: the process's arguments without its name (arguments.h). The file comes first, then
  // standard input, then the options: the last one wins. An error's message() is the whole block
  // for stderr:
  //   *** FATAL CONFIG FILE ERROR (slotmesh <version>) ***
  //   Reading the configuration file <path>, at line <n>
  //   >>> '<line>'
  //   <reason>
  absl::Status LoadArguments(absl::Span<const std::string> args);
  // The lines of a file, of standard input, or made from arguments; `source` says which in
  // messages.
  absl::Status LoadText(std::string_view text, std::string_view source);
  // A relative path is meant from the working directory.
  absl::Status LoadFile(const std::string& path);

  // The file given at start, absolute (so that a later change of directory does not matter); empty
  // without one.
  const std::string& file() const { return file_; }

  // CONFIG GET: every directive, under each of its names that matches one of the patterns, once, in
  // the table's order, with its value as text. Hidden ones need their exact name.
  std::vector<NameValue> Get(absl::Span<const std::string_view> patterns) const;
  // Value of one directive by exact name or alias; "" if there is none.
  std::string Value(std::string_view name) const;

  // CONFIG SET name value [name value ...], all or nothing. `local` says that the client is on a
  // loopback or unix connection (it may then change what enable-protected-configs local allows). An
  // error's message() is the reply after "ERR ".
  absl::Status Set(absl::Span<const std::string_view> names_and_values, bool local = false);

  // What a command other than CONFIG SET has changed of the settings (REPLICAOF): what CONFIG GET
  // and REWRITE say from now on. Calls nobody. REQUIRES: a directive, and words that it takes.
  void Assign(std::string_view name, std::initializer_list<std::string_view> words);

  // Called once per Set that changes one of the directives, after all values stand, before Set
  // returns; not while loading. Names may be aliases. REQUIRES: each is a directive.
  void OnChange(absl::Span<const std::string_view> names, Apply apply);

  // The error of a setting that was found to be impossible after loading: `details` under the
  // heading that loading's own errors have.
  absl::Status Fatal(std::string_view details) const;

  // CONFIG REWRITE: the file with changed values in place, comments, order and unknown lines kept;
  // settings that differ from the default and are not in the file are appended. Written to a
  // temporary file, fsynced and renamed. An error's message() is the reply after "ERR ".
  absl::Status Rewrite(RewriteExtent extent = RewriteExtent::kChanged) const;
  // What Rewrite writes for a file with this content.
  std::string RewriteText(std::string_view old_text,
                          RewriteExtent extent = RewriteExtent::kChanged) const;

  // What stands behind the name of a kRepeated directive, line by line, when the file is rewritten;
  // without this its lines stay as they are.
  void set_lines(std::string_view directive, std::function<std::vector<std::string>()> lines) {
    lines_.insert_or_assign(std::string(directive), std::move(lines));
  }
  // Others' settings. Borrowed; null (as at first): there are none.
  void set_extension(ConfigExtension* extension) { extension_ = extension; }
  // Lines of the files whose name has a dot: for others' settings, by whom they are taken.
  std::vector<NameValue>& unclaimed() { return unclaimed_; }
  // Told the names after each Set that has gone well.
  void set_on_set(std::function<void(absl::Span<const std::string_view> names)> on_set) {
    on_set_ = std::move(on_set);
  }

  // Directives that were set to something other than their default or nothing, and have no effect
  // yet or never will: for a start-up warning.
  std::vector<const Directive*> Inert() const;

 private:
  struct Hook {
    std::vector<const Directive*> directives;
    Apply apply;

    bool Concerns(const Directive* directive) const;
  };
  struct Change {
    const Directive* directive;
    std::string_view name;  // As the client wrote it.
    std::string_view value;
  };

  absl::Status LoadLines(std::string_view text, std::string_view source, int depth);
  absl::Status LoadLine(absl::Span<const std::string> words, int depth);
  absl::Status LoadPath(const std::string& path, int depth);
  absl::Status Include(const std::string& pattern, int depth);
  absl::Status CheckSettable(const Change& change, bool local) const;
  absl::Status RunHooks(absl::Span<const Change> changes, const Config& before);
  absl::Status CheckChanges(absl::Span<const std::string_view> names_and_values, bool local,
                            std::vector<Change>* own, std::vector<NameValue>* others) const;
  absl::Status SetOthers(const std::vector<NameValue>& changes, std::vector<NameValue>* before);
  std::string RewriteOthers(std::string_view text) const;

  std::string version_;
  std::function<std::string()> read_stdin_;
  Config config_;
  std::string file_;
  std::vector<Hook> hooks_;
  std::vector<const Directive*> loaded_;  // Those that a line has set.
  std::map<std::string, std::function<std::vector<std::string>()>> lines_;
  ConfigExtension* extension_ = nullptr;
  std::vector<NameValue> unclaimed_;
  std::function<void(absl::Span<const std::string_view>)> on_set_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_CONFIG_STORE_H_
