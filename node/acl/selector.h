// One set of permissions: commands, patterns of keys, patterns of channels. A user has one of its
// own and may have more (selectors, in parentheses); a request must pass one of them as a whole.
//
// Engine thread only. Copies are independent.
#ifndef SLOTMESH_NODE_ACL_SELECTOR_H_
#define SLOTMESH_NODE_ACL_SELECTOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/acl/command_rules.h"
#include "node/acl/commands.h"
#include "node/acl/request.h"

namespace slotmesh::node {

// Whether one of the patterns is for the channel. A pattern that is subscribed to has to be among
// them as it is.
bool MatchesChannel(const std::vector<std::string>& patterns, std::string_view channel,
                    bool is_pattern);

class AclSelector {
 public:
  // Nothing is allowed, but for channels that are by default. `environment` is borrowed.
  explicit AclSelector(const AclEnvironment& environment)
      : commands_(environment), all_channels_(environment.all_channels) {}

  // One rule: "+get", "-@admin", "%R~key*", "&channel*", "allkeys", ... Not found for an unknown
  // command or category, else invalid argument; message() is the reason as Redis words it. Then
  // nothing has changed.
  absl::Status Apply(std::string_view rule);

  AclVerdict Check(AclRequest& request) const;
  bool AllowsKey(std::string_view key, AclAccess access) const;
  // Whatever key it is.
  bool AllowsAnyKey(AclAccess access) const;
  bool AllowsChannel(std::string_view channel, bool is_pattern) const {
    return all_channels_ || MatchesChannel(channels_, channel, is_pattern);
  }

  bool all_channels() const { return all_channels_; }
  const std::vector<std::string>& channels() const { return channels_; }
  // It allows everything.
  bool unrestricted() const { return all_keys_ && all_channels_ && commands_.all(); }

  std::string DescribeCommands() const { return commands_.Describe(); }
  std::string DescribeKeys() const;      // "~*", "%R~a* ~b*", "".
  std::string DescribeChannels() const;  // "&*", "&a* &b", "".
  std::string Describe() const;

 private:
  struct KeyPattern {
    AclAccess access = AclAccess::kBoth;
    std::string pattern;
  };

  absl::Status AddKeys(std::string_view rule);
  absl::Status AddChannel(std::string_view pattern);

  AclCommandRules commands_;
  bool all_keys_ = false;
  bool all_channels_ = false;
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_SELECTOR_H_
