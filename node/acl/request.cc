#include "node/acl/request.h"

#include <algorithm>

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeyRef;

template <typename Unwanted>
void Drop(slots::KeyRefs& refs, Unwanted unwanted) {
  refs.erase(std::remove_if(refs.begin(), refs.end(), unwanted), refs.end());
}

}  // namespace

AclAccess AccessOf(KeyFlag flags) {
  AclAccess access = AclAccess::kNone;
  if (Has(flags, KeyFlag::kAccess)) access = access | AclAccess::kRead;
  if (Has(flags, KeyFlag::kInsert | KeyFlag::kDelete | KeyFlag::kUpdate)) {
    access = access | AclAccess::kWrite;
  }
  return access;
}

const slots::KeyRefs& AclRequest::keys() {
  if (has_keys_) return keys_;
  has_keys_ = true;
  // Words in which no keys can be found are the handler's to refuse.
  (void)slots::FindKeys(command_.specs, command_.get_keys, slots::KeyDetail::kAccess, args_,
                        &keys_);
  Drop(keys_, [](const KeyRef& key) { return Has(key.flags, KeyFlag::kNotKey); });
  return keys_;
}

const slots::KeyRefs& AclRequest::channels() {
  if (has_channels_) return channels_;
  has_channels_ = true;
  (void)slots::ExtractChannels(command_.specs, args_, &channels_);
  if (command_.get_channels) (void)command_.get_channels(args_, &channels_);
  Drop(channels_, [](const KeyRef& channel) {
    return !Has(channel.flags, KeyFlag::kSubscribe | KeyFlag::kPublish);
  });
  return channels_;
}

}  // namespace slotmesh::node
