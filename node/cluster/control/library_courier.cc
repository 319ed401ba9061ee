#include "node/cluster/control/library_courier.h"

#include <algorithm>

#include "absl/random/distributions.h"
#include "node/cluster/control/node_record.h"
#include "slots/ledger/wire.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kTextsMax = 1024;  // In a question.

std::string EncodeParcel(const slots::LogId& log, const std::vector<LibraryText>& texts,
                         size_t from, size_t count) {
  ledger::Writer writer;
  writer(kVersion, log);
  writer.PutVarint(count);
  for (size_t i = 0; i < count; ++i) writer.PutBlob(*texts[from + i]);
  return writer.Take();
}

absl::StatusOr<std::vector<LibraryText>> DecodeParcel(std::string_view bytes, slots::LogId* log) {
  ledger::Reader reader(bytes);
  uint8_t version = 0;
  reader(version, *log);
  if (version != kVersion) reader.Fail("another version");
  const uint64_t count = reader.GetVarint();
  if (count > kTextsMax) reader.Fail("too many texts");
  std::vector<LibraryText> texts;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    texts.push_back(std::make_shared<const std::string>(reader.GetBlob(ledger::kLibraryBytesMax)));
  }
  const absl::Status status = reader.Finish("libraries to keep");
  if (!status.ok()) return status;
  return texts;
}

// How many texts from `from` on go into one question; at least one.
size_t ParcelSize(const std::vector<LibraryText>& texts, size_t from) {
  size_t bytes = 0;
  size_t count = 0;
  while (from + count < texts.size() && count < kTextsMax) {
    bytes += texts[from + count]->size();
    if (count > 0 && bytes > ledger::kLibraryBytesMax) break;
    ++count;
  }
  return count;
}

absl::Status NoMajority() {
  return absl::UnavailableError(
      "CLUSTERDOWN The function libraries were not changed: no majority of the voters answers");
}

}  // namespace

void LibraryCourier::Offer(absl::Time now, uint64_t ticket, ledger::LibrariesChanged change,
                           std::vector<LibraryText> texts) {
  Offered& offer = offers_.emplace_back();
  offer.ticket = ticket;
  offer.change = std::move(change);
  offer.texts = std::move(texts);
  offer.give_up = now + kOfferTimeout;
  next_ = absl::InfinitePast();
}

void LibraryCourier::LogChanged() {
  for (Offered& offer : offers_) offer.give_up = absl::InfinitePast();
  seen_ = {};
  missing_.clear();
  next_ = absl::InfinitePast();
}

bool LibraryCourier::IsOffered(const slots::LibraryDigest& digest) const {
  return std::any_of(offers_.begin(), offers_.end(), [&](const Offered& offer) {
    return std::any_of(offer.change.declared.begin(), offer.change.declared.end(),
                       [&](const auto& library) { return library.digest == digest; });
  });
}

// Drops what nobody wants, the oldest first, if there is no room otherwise.
absl::Status LibraryCourier::MakeRoom(const Own& own, absl::Time now, size_t bytes) {
  if (store_.bytes() + bytes <= LibraryStore::kStoreBytesMax) return absl::OkStatus();
  sweep_at_ = absl::InfinitePast();
  const absl::Status swept = Sweep(own, now);
  if (!swept.ok()) return swept;
  std::vector<std::pair<absl::Time, slots::LibraryDigest>> oldest;
  for (const auto& [digest, since] : unwanted_) oldest.emplace_back(since, digest);
  std::sort(oldest.begin(), oldest.end());
  for (const auto& [since, digest] : oldest) {
    if (store_.bytes() + bytes <= LibraryStore::kStoreBytesMax) break;
    if (now - since < kKeepUnwantedMin) break;
    const absl::Status dropped = store_.Drop(digest);
    if (!dropped.ok()) return dropped;
    unwanted_.erase(digest);
  }
  return absl::OkStatus();
}

// The text counts as one that has only just come: an entry that declares it may be on its way.
void LibraryCourier::NoteWish(const slots::LibraryDigest& digest, absl::Time now) {
  const auto known = unwanted_.find(digest);
  if (known != unwanted_.end()) known->second = now;
}

// One text at each step: the node has heartbeats to send in between.
absl::Status LibraryCourier::KeepOne(const Own& own, absl::Time now, Offered& offer) {
  const LibraryText& text = offer.texts[offer.kept];
  const absl::Status room = MakeRoom(own, now, text->size());
  if (!room.ok()) return room;
  if (store_.bytes() + text->size() > LibraryStore::kStoreBytesMax) {
    offer.give_up = absl::InfinitePast();
    return absl::OkStatus();
  }
  const absl::Status kept = store_.Keep(text);
  if (!kept.ok()) return kept;
  NoteWish(LibraryDigestOf(*text), now);
  ++offer.kept;
  offer.give_up = now + kOfferTimeout;
  return absl::OkStatus();
}

void LibraryCourier::GiveOut(const Own& own, absl::Time now, Offered& offer, uint64_t* next_ask,
                             Output* out) {
  for (const slots::NodeInfo& node : own.view->map.nodes) {
    if (!node.voter || node.id == own.self) continue;
    Target& target = offer.targets[node.id];
    if (target.ask != 0 || target.given == offer.texts.size() || now < target.retry_at) continue;
    target.asked = ParcelSize(offer.texts, target.given);
    target.ask = ++*next_ask;
    out->asks.push_back({target.ask, BusAddress(node), std::string(kAskKeepLibraries),
                         EncodeParcel(own.log, offer.texts, target.given, target.asked)});
  }
}

bool LibraryCourier::HasMajority(const Own& own, const Offered& offer) const {
  if (offer.texts.empty()) return true;
  size_t have = 0;
  for (const slots::NodeId& voter : own.view->voters) {
    const auto target = offer.targets.find(voter);
    const bool given = target != offer.targets.end() && target->second.given == offer.texts.size();
    if (voter == own.self || given) ++have;
  }
  return have > own.view->voters.size() / 2;
}

absl::Status LibraryCourier::StepOffers(const Own& own, absl::Time now, uint64_t* next_ask,
                                        Output* out) {
  bool wrote = false;
  for (size_t i = 0; i < offers_.size();) {
    Offered& offer = offers_[i];
    if (offers_.size() > kOffersMax && i + 1 == offers_.size()) {
      offer.give_up = absl::InfinitePast();
    }
    if (now < offer.give_up && offer.kept < offer.texts.size() && !wrote) {
      const absl::Status kept = KeepOne(own, now, offer);
      if (!kept.ok()) return kept;
      wrote = true;
    }
    const bool kept = offer.kept == offer.texts.size();
    if (kept && own.decides && HasMajority(own, offer)) {
      out->ready.emplace_back(offer.ticket, std::move(offer.change));
    } else if (now >= offer.give_up) {
      out->failed.emplace_back(offer.ticket, NoMajority());
    } else {
      if (kept) GiveOut(own, now, offer, next_ask, out);
      ++i;
      continue;
    }
    offers_.erase(offers_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return absl::OkStatus();
}

absl::Status LibraryCourier::TakeReceived(const Own& own, absl::Time now) {
  for (LibraryText& text : std::exchange(received_, {})) {
    const auto missing = missing_.find(LibraryDigestOf(*text));
    if (missing == missing_.end()) continue;
    const absl::Status room = MakeRoom(own, now, text->size());
    if (!room.ok()) return room;
    missing->second.retry_at = now + kRetryMax;
    if (store_.bytes() + text->size() > LibraryStore::kStoreBytesMax) continue;
    const absl::Status kept = store_.Keep(std::move(text));
    if (!kept.ok()) return kept;
    missing_.erase(missing);
  }
  return absl::OkStatus();
}

void LibraryCourier::FindMissing(const Own& own) {
  if (own.view->map.version == seen_) return;
  seen_ = own.view->map.version;
  std::map<slots::LibraryDigest, Pull> missing;
  for (const ledger::LibraryRecord& library : own.view->libraries) {
    const slots::LibraryDigest& digest = library.declared.digest;
    if (store_.Has(digest)) continue;
    const auto known = missing_.find(digest);
    missing.emplace(digest, known == missing_.end() ? Pull() : known->second);
  }
  missing_ = std::move(missing);
}

void LibraryCourier::StepPulls(const Own& own, absl::Time now, uint64_t* next_ask, Output* out) {
  FindMissing(own);
  if (missing_.empty()) return;
  const auto open = [](const auto& pull) { return pull.second.ask != 0; };
  auto asked = static_cast<size_t>(std::count_if(missing_.begin(), missing_.end(), open));
  std::vector<const slots::NodeInfo*> others;
  std::vector<const slots::NodeInfo*> voters;
  for (const slots::NodeInfo& node : own.view->map.nodes) {
    if (node.id == own.self) continue;
    others.push_back(&node);
    if (node.voter) voters.push_back(&node);
  }
  if (others.empty()) return;
  for (auto& [digest, pull] : missing_) {
    if (asked >= kPullsMax) return;
    if (pull.ask != 0 || now < pull.retry_at) continue;
    const auto& from = !voters.empty() && absl::Bernoulli(random_, 0.5) ? voters : others;
    const slots::NodeInfo& node = *from[absl::Uniform<size_t>(random_, 0, from.size())];
    ledger::Writer writer;
    writer(kVersion, digest);
    pull.ask = ++*next_ask;
    out->asks.push_back({pull.ask, BusAddress(node), std::string(kAskLibrary), writer.Take()});
    ++asked;
  }
}

absl::Status LibraryCourier::Sweep(const Own& own, absl::Time now) {
  if (now < sweep_at_) return absl::OkStatus();
  sweep_at_ = now + kSweep;
  std::vector<slots::LibraryDigest> wanted;
  for (const ledger::LibraryRecord& library : own.view->libraries) {
    wanted.push_back(library.declared.digest);
  }
  std::sort(wanted.begin(), wanted.end());
  const std::shared_ptr<const LibraryTexts> texts = store_.texts();
  for (const auto& [digest, text] : *texts) {
    if (std::binary_search(wanted.begin(), wanted.end(), digest) || IsOffered(digest)) {
      unwanted_.erase(digest);
      continue;
    }
    const absl::Time since = unwanted_.emplace(digest, now).first->second;
    if (now - since < kKeepUnwanted) continue;
    unwanted_.erase(digest);
    const absl::Status dropped = store_.Drop(digest);
    if (!dropped.ok()) return dropped;
  }
  return absl::OkStatus();
}

void LibraryCourier::FindDeadline(absl::Time now) {
  next_ = sweep_at_;
  for (const Offered& offer : offers_) {
    if (offer.kept < offer.texts.size()) next_ = now;
    next_ = std::min(next_, offer.give_up);
    for (const auto& [node, target] : offer.targets) {
      const bool waits = target.ask == 0 && target.given < offer.texts.size();
      if (waits) next_ = std::min(next_, target.retry_at);
    }
  }
  size_t open = 0;
  for (const auto& [digest, pull] : missing_) open += pull.ask != 0 ? 1 : 0;
  if (open >= kPullsMax) return;
  for (const auto& [digest, pull] : missing_) {
    if (pull.ask == 0) next_ = std::min(next_, std::max(now + kRetry, pull.retry_at));
  }
}

absl::Status LibraryCourier::Step(const Own& own, absl::Time now, uint64_t* next_ask, Output* out) {
  absl::Status status = TakeReceived(own, now);
  if (status.ok()) status = StepOffers(own, now, next_ask, out);
  if (!status.ok()) return status;
  StepPulls(own, now, next_ask, out);
  status = Sweep(own, now);
  FindDeadline(now);
  return status;
}

bool LibraryCourier::OnAnswer(absl::Time now, uint64_t ask,
                              const absl::StatusOr<std::string>& answer) {
  next_ = absl::InfinitePast();
  for (Offered& offer : offers_) {
    for (auto& [node, target] : offer.targets) {
      if (target.ask != ask) continue;
      target.ask = 0;
      if (answer.ok()) {
        target.given += target.asked;
        const bool given_up = offer.give_up == absl::InfinitePast();
        if (!given_up) offer.give_up = now + kOfferTimeout;
      } else {
        target.retry_at = now + kRetry;
      }
      return true;
    }
  }
  for (auto& [digest, pull] : missing_) {
    if (pull.ask != ask) continue;
    pull.ask = 0;
    if (answer.ok() && LibraryDigestOf(*answer) == digest) {
      received_.push_back(std::make_shared<const std::string>(*answer));
    } else {
      pull.retry_at = now + pull.pause * absl::Uniform<double>(random_, 0.5, 1);
      pull.pause = std::min(2 * pull.pause, kRetryMax);
    }
    return true;
  }
  return false;
}

absl::StatusOr<std::string> LibraryCourier::AnswerKeep(const Own& own, absl::Time now,
                                                       std::string_view payload,
                                                       absl::Status* final) {
  slots::LogId log;
  absl::StatusOr<std::vector<LibraryText>> texts = DecodeParcel(payload, &log);
  if (!texts.ok()) return texts.status();
  if (log != own.log) return absl::FailedPreconditionError("this node is of another log");
  for (LibraryText& text : *texts) {
    *final = MakeRoom(own, now, text->size());
    if (!final->ok()) return *final;
    if (store_.bytes() + text->size() > LibraryStore::kStoreBytesMax) {
      return absl::ResourceExhaustedError("too many libraries of late");
    }
    const slots::LibraryDigest digest = LibraryDigestOf(*text);
    *final = store_.Keep(std::move(text));
    if (!final->ok()) return *final;
    NoteWish(digest, now);
  }
  seen_ = {};
  next_ = absl::InfinitePast();
  return std::string();
}

absl::StatusOr<std::string> LibraryCourier::AnswerGet(std::string_view payload) const {
  ledger::Reader reader(payload);
  uint8_t version = 0;
  slots::LibraryDigest digest;
  reader(version, digest);
  if (version != kVersion) reader.Fail("another version");
  const absl::Status status = reader.Finish("library");
  if (!status.ok()) return status;
  const auto found = store_.texts()->find(digest);
  if (found == store_.texts()->end()) return absl::NotFoundError("not kept here");
  return *found->second;
}

}  // namespace slotmesh::node
