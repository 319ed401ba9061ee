#include "node/acl/log.h"

#include <cstdlib>
#include <iterator>
#include <utility>

namespace slotmesh::node {
namespace {

void Cut(std::string& text) {
  if (text.size() > AclLog::kTextMax) text.resize(AclLog::kTextMax);
}

bool Same(const AclLog::Event& a, const AclLog::Event& b) {
  return a.denial == b.denial && a.context == b.context && a.object == b.object && a.user == b.user;
}

}  // namespace

void AclLog::Add(Event event, std::string client, int64_t now_ms) {
  Trim();
  if (max_entries_ == 0) return;
  Cut(event.object);
  Cut(event.user);
  Cut(client);
  auto at = entries_.begin();
  for (size_t i = 0; i < kNewestLookedAt && at != entries_.end(); ++i, ++at) {
    if (std::abs(now_ms - at->updated_ms) > kGroupMillis || !Same(at->event, event)) continue;
    at->client = std::move(client);
    at->updated_ms = now_ms;
    ++at->count;
    entries_.splice(entries_.begin(), entries_, at);
    return;
  }
  entries_.push_front({.event = std::move(event),
                       .id = next_id_++,
                       .created_ms = now_ms,
                       .updated_ms = now_ms,
                       .client = std::move(client)});
  Trim();
}

void AclLog::Trim() {
  while (entries_.size() > max_entries_) entries_.pop_back();
}

std::string_view NameOf(AclDenial denial) {
  switch (denial) {
    case AclDenial::kNone:
      return "none";
    case AclDenial::kCommand:
      return "command";
    case AclDenial::kKey:
      return "key";
    case AclDenial::kAuth:
      return "auth";
    case AclDenial::kChannel:
      return "channel";
  }
  return "";
}

std::string_view NameOf(AclLog::Context context) {
  switch (context) {
    case AclLog::Context::kTopLevel:
      return "toplevel";
    case AclLog::Context::kMulti:
      return "multi";
    case AclLog::Context::kLua:
      return "lua";
    case AclLog::Context::kModule:
      return "module";
  }
  return "";
}

}  // namespace slotmesh::node
