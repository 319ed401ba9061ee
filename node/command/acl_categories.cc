#include "node/command/acl_categories.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct Category {
  Acl bit;
  std::string_view name;
};
// In the order of their bits, from the lowest.
constexpr Category kOwn[] = {
    {Acl::kKeyspace, "keyspace"},
    {Acl::kRead, "read"},
    {Acl::kWrite, "write"},
    {Acl::kSet, "set"},
    {Acl::kSortedSet, "sortedset"},
    {Acl::kList, "list"},
    {Acl::kHash, "hash"},
    {Acl::kString, "string"},
    {Acl::kBitmap, "bitmap"},
    {Acl::kHyperLogLog, "hyperloglog"},
    {Acl::kGeo, "geo"},
    {Acl::kStream, "stream"},
    {Acl::kPubSub, "pubsub"},
    {Acl::kAdmin, "admin"},
    {Acl::kFast, "fast"},
    {Acl::kSlow, "slow"},
    {Acl::kBlocking, "blocking"},
    {Acl::kDangerous, "dangerous"},
    {Acl::kConnection, "connection"},
    {Acl::kTransaction, "transaction"},
    {Acl::kScripting, "scripting"},
};
constexpr size_t kOwnCount = std::size(kOwn);
static_assert(kOwn[kOwnCount - 1].bit == BitOf(kOwnCount - 1),
              "What is added has the bits behind.");

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

}  // namespace

absl::Status AclCategories::Add(std::string_view name) {
  if (!IsName(name)) return absl::InvalidArgumentError("letters, digits, '-' and '_' make a name");
  if (Find(name).has_value()) return absl::AlreadyExistsError("there is such a category");
  if (kOwnCount + added_.size() == kMax) return absl::ResourceExhaustedError("too many categories");
  added_.emplace_back(name);
  return absl::OkStatus();
}

std::optional<Acl> AclCategories::Find(std::string_view name) const {
  for (const Category& own : kOwn) {
    if (EqualsIgnoreCase(own.name, name)) return own.bit;
  }
  for (size_t i = 0; i < added_.size(); ++i) {
    if (EqualsIgnoreCase(added_[i], name)) return BitOf(kOwnCount + i);
  }
  return std::nullopt;
}

std::vector<std::string_view> AclCategories::NamesOf(Acl categories) const {
  std::vector<std::string_view> names;
  for (const Category& own : kOwn) {
    if (Has(categories, own.bit)) names.push_back(own.name);
  }
  for (size_t i = 0; i < added_.size(); ++i) {
    if (Has(categories, BitOf(kOwnCount + i))) names.push_back(added_[i]);
  }
  return names;
}

}  // namespace slotmesh::node
