#include "node/command/tracking.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "node/resp/errors.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kPrefixWithoutBroadcast =
    "ERR PREFIX option requires BCAST mode to be enabled";
constexpr std::string_view kBroadcastSwitched =
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
constexpr std::string_view kOptWithBroadcast = "ERR OPTIN and OPTOUT are not compatible with BCAST";
constexpr std::string_view kOptInAndOut = "ERR You can't specify both OPTIN mode and OPTOUT mode";
constexpr std::string_view kOptSwitched =
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
constexpr std::string_view kNoOverlap = "Prefixes for a single client must not overlap.";

constexpr std::string_view kRedirectChannel = "__redis__:invalidate";

bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

}  // namespace

absl::Status Tracking::CheckOptions(const Client& client, const Options& options) const {
  const TrackingMode* now = client.tracking.get();
  if (!options.broadcast && !options.prefixes.empty()) return WireStatus(kPrefixWithoutBroadcast);
  if (now != nullptr && now->broadcast != options.broadcast) return WireStatus(kBroadcastSwitched);
  if (options.broadcast && (options.opt_in || options.opt_out)) {
    return WireStatus(kOptWithBroadcast);
  }
  if (options.opt_in && options.opt_out) return WireStatus(kOptInAndOut);
  if (now != nullptr && ((options.opt_in && now->opt_out) || (options.opt_out && now->opt_in))) {
    return WireStatus(kOptSwitched);
  }
  return options.broadcast ? CheckPrefixes(client, options) : absl::OkStatus();
}

absl::Status Tracking::CheckPrefixes(const Client& client, const Options& options) const {
  for (size_t i = 0; i < options.prefixes.size(); ++i) {
    const std::string_view prefix = options.prefixes[i];
    if (client.tracking != nullptr) {
      for (const std::string& existing : client.tracking->prefixes) {
        if (!Overlap(existing, prefix)) continue;
        return WireStatus(StrCat("ERR Prefix '", prefix, "' overlaps with an existing prefix '",
                                 existing, "'. ", kNoOverlap));
      }
    }
    for (const std::string_view other : absl::MakeSpan(options.prefixes).subspan(i + 1)) {
      if (!Overlap(prefix, other)) continue;
      return WireStatus(StrCat("ERR Prefix '", prefix, "' overlaps with another provided prefix '",
                               other, "'. ", kNoOverlap));
    }
  }
  return absl::OkStatus();
}

absl::Status Tracking::Enable(Client& client, const Options& options) {
  const absl::Status status = CheckOptions(client, options);
  if (!status.ok()) return status;
  if (client.tracking == nullptr) {
    client.tracking = std::make_unique<TrackingMode>();
    clients_.emplace(client.id(), &client);
  }
  TrackingMode& mode = *client.tracking;
  mode.broadcast = options.broadcast;
  mode.opt_in = options.opt_in;
  mode.opt_out = options.opt_out;
  mode.no_loop = options.no_loop;
  mode.broken_redirect = false;
  mode.redirect = options.redirect;
  if (!options.broadcast) return absl::OkStatus();
  for (const std::string_view prefix : options.prefixes) AddPrefix(client, prefix);
  if (options.prefixes.empty()) AddPrefix(client, "");
  return absl::OkStatus();
}

void Tracking::AddPrefix(Client& client, std::string_view prefix) {
  prefixes_[std::string(prefix)].clients.emplace(client.id(), &client);
  client.tracking->prefixes.emplace(prefix);
}

void Tracking::Disable(Client& client) {
  if (client.tracking == nullptr) return;
  for (const std::string& prefix : client.tracking->prefixes) {
    const auto found = prefixes_.find(prefix);
    found->second.clients.erase(client.id());
    if (found->second.clients.empty()) prefixes_.erase(found);
  }
  client.tracking = nullptr;
  clients_.erase(client.id());
  // Nobody is there to be told any more.
  if (clients_.empty()) {
    keys_.clear();
    order_.clear();
    items_ = 0;
  }
}

void Tracking::Remember(Client& client, absl::Span<const std::string_view> keys) {
  const TrackingMode& mode = *client.tracking;
  if (mode.broadcast || (mode.opt_in && !mode.caching) || (mode.opt_out && mode.caching)) return;
  for (const std::string_view key : keys) {
    const auto [at, added] = keys_.try_emplace(std::string(key));
    if (added) {
      at->second.place = order_.size();
      order_.push_back(&*at);
    }
    std::vector<uint64_t>& ids = at->second.ids;
    const auto place = std::lower_bound(ids.begin(), ids.end(), client.id());
    if (place != ids.end() && *place == client.id()) continue;
    ids.insert(place, client.id());
    ++items_;
  }
}

void Tracking::Invalidate(std::string_view key, const Client* by) {
  if (!prefixes_.empty()) Note(key, by);
  const auto found = keys_.find(ToAbsl(key));
  if (found != keys_.end()) TellReaders(found, by);
}

void Tracking::TellReaders(Keys::iterator key, const Client* by) {
  const std::string_view name = key->first;
  const absl::Span<const std::string_view> names(&name, 1);
  const Readers& readers = key->second;
  for (const uint64_t id : readers.ids) {
    const auto client = clients_.find(id);
    if (client == clients_.end() || client->second->tracking->broadcast) continue;
    if (client->second == by && by->tracking->no_loop) continue;
    Send(*client->second, &names);
  }
  items_ -= readers.ids.size();
  order_[readers.place] = order_.back();
  order_[readers.place]->second.place = readers.place;
  order_.pop_back();
  keys_.erase(key);
}

void Tracking::Note(std::string_view key, const Client* by) {
  for (auto& [prefix, state] : prefixes_) {
    if (!key.starts_with(prefix)) continue;
    const uint64_t id = by == nullptr ? 0 : by->id();
    const auto found = state.changed.find(key);
    if (found == state.changed.end()) {
      state.changed.emplace(key, id);
    } else if (found->second != id) {
      found->second = 0;  // Not one client's own change alone.
    }
    if (!std::exchange(broadcast_waits_, true)) Wake();
  }
}

void Tracking::Wake() {
  if (wake_) wake_();
}

void Tracking::OnManyTouched(absl::FunctionRef<bool(std::string_view key)> affected) {
  if (!active()) return;
  for (auto at = keys_.begin(); at != keys_.end();) {
    const auto key = at++;
    if (affected(key->first)) TellReaders(key, nullptr);
  }
  // Which keys there were nobody knows any more.
  for (const auto& [id, client] : clients_) {
    if (client->tracking->broadcast) Send(*client, nullptr);
  }
}

void Tracking::OnAllTouched() {
  if (!active() || std::exchange(flush_waits_, true)) return;
  Wake();
}

void Tracking::SendFlush() {
  flush_waits_ = false;
  for (const auto& [id, client] : clients_) Send(*client, nullptr);
  keys_.clear();
  order_.clear();
  items_ = 0;
}

void Tracking::SendWaiting() {
  if (flush_waits_) SendFlush();
  if (!std::exchange(broadcast_waits_, false)) return;
  std::vector<std::string_view> all;
  std::vector<std::string_view> of_others;
  for (auto& [prefix, state] : prefixes_) {
    if (state.changed.empty()) continue;
    all.clear();
    for (const auto& [key, by] : state.changed) all.push_back(key);
    for (const auto& [id, client] : state.clients) {
      absl::Span<const std::string_view> keys = all;
      if (client->tracking->no_loop) {
        of_others.clear();
        for (const auto& [key, by] : state.changed) {
          if (by != id) of_others.push_back(key);
        }
        keys = of_others;
      }
      if (!keys.empty()) Send(*client, &keys);
    }
    state.changed.clear();
  }
}

bool Tracking::Limit(uint64_t keys_max, absl::BitGenRef random) {
  if (keys_max == 0) return false;
  for (size_t i = 0; i < kGivenUpAtOnceMax && keys_.size() > keys_max; ++i) {
    const Keys::value_type& victim = *order_[absl::Uniform<size_t>(random, 0, order_.size())];
    TellReaders(keys_.find(victim.first), nullptr);
  }
  return keys_.size() > keys_max;
}

void Tracking::Send(Client& client, const absl::Span<const std::string_view>* keys) {
  TrackingMode& mode = *client.tracking;
  Client* target = &client;
  if (mode.redirect != 0) {
    target = all_clients_.Find(mode.redirect);
    if (target == nullptr) {
      mode.broken_redirect = true;
      if (!client.reply().resp3() || !Pushes::Wants(client)) return;
      Reply& reply = pushes_.Open(client);
      reply.Push(2);
      reply.Bulk("tracking-redir-broken");
      return reply.Integer(static_cast<int64_t>(mode.redirect));
    }
  }
  if (!Pushes::Wants(*target)) return;
  const bool resp3 = target->reply().resp3();
  // Without RESP3 only subscribers can be told.
  if (!resp3 && (mode.redirect == 0 || target->subscriptions == nullptr)) return;
  Reply& reply = pushes_.Open(*target);
  reply.Push(resp3 ? 2 : 3);
  reply.Bulk(resp3 ? "invalidate" : "message");
  if (!resp3) reply.Bulk(kRedirectChannel);
  if (keys == nullptr) return reply.Null();
  reply.BulkStrings(*keys);
}

void Tracking::CheckInvariants() const {
  CHECK_EQ(order_.size(), keys_.size());
  size_t items = 0;
  for (const auto& entry : keys_) {
    CHECK(order_[entry.second.place] == &entry);
    CHECK(!entry.second.ids.empty());
    CHECK(std::is_sorted(entry.second.ids.begin(), entry.second.ids.end()));
    items += entry.second.ids.size();
  }
  CHECK_EQ(items, items_);
  for (const auto& [id, client] : clients_) CHECK(client->tracking != nullptr);
  for (const auto& [prefix, state] : prefixes_) CHECK(!state.clients.empty());
}

}  // namespace slotmesh::node
