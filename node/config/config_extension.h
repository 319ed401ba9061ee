// Settings that are not in the table of directives, which come and go with their owner: modules'.
//
// ConfigStore shows, sets and rewrites them with its own. Engine thread only.
#ifndef SLOTMESH_NODE_CONFIG_CONFIG_EXTENSION_H_
#define SLOTMESH_NODE_CONFIG_CONFIG_EXTENSION_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace slotmesh::node {

class ConfigExtension {
 public:
  struct Setting {
    std::string name;
    std::string value;
    bool hidden = false;      // CONFIG GET needs its exact name.
    bool is_default = false;  // A file need not say it.
  };
  using NameValue = std::pair<std::string, std::string>;

  virtual ~ConfigExtension() = default;
  virtual std::vector<Setting> Settings() const = 0;
  virtual bool Has(std::string_view name) const = 0;
  // May CONFIG SET change it? An error's message() is the reason shown to the client.
  virtual absl::Status CheckSettable(std::string_view name, bool local) const = 0;
  // All or none; *failed is the one that was refused. An error's message() is the reason.
  virtual absl::Status Set(absl::Span<const NameValue> changes, std::string* failed) = 0;
  // Lines "loadmodule ..." of what is loaded now, as a file should have them.
  virtual std::vector<std::string> LoadLines() const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_CONFIG_EXTENSION_H_
