// Where handlers send keyspace notifications.
//
// A change of a key is told to keyspace and keyevent channels if `notify-keyspace-events` enables
// its class (NotifyFlag, config.h). Publishing itself is the listener's (pub/sub, modules). Engine
// thread only.
#ifndef SLOTMESH_NODE_COMMAND_NOTIFY_H_
#define SLOTMESH_NODE_COMMAND_NOTIFY_H_

#include <cstdint>
#include <string_view>

#include "node/config/config.h"

namespace slotmesh::node {

class NotifyListener {
 public:
  virtual ~NotifyListener() = default;
  virtual void OnEvent(NotifyFlag kind, std::string_view event, std::string_view key,
                       int database) = 0;
};

class Notifier {
 public:
  void set_listener(NotifyListener* listener) { listener_ = listener; }
  void set_classes(uint32_t classes) { classes_ = classes; }

  // Modules hear of these classes, whatever the setting says, and before anybody else. Null: they
  // do not.
  void set_module_listener(NotifyListener* listener, uint32_t classes) {
    module_listener_ = listener;
    module_classes_ = listener == nullptr ? 0 : classes;
  }

  void Notify(NotifyFlag kind, std::string_view event, std::string_view key, int database) {
    if (((classes_ | module_classes_) & kind) == 0) return;
    if ((module_classes_ & kind) != 0) module_listener_->OnEvent(kind, event, key, database);
    if ((classes_ & kind) != 0 && listener_ != nullptr) {
      listener_->OnEvent(kind, event, key, database);
    }
  }
  uint32_t classes() const { return classes_; }
  bool modules_hear(NotifyFlag kind) const { return (module_classes_ & kind) != 0; }

 private:
  uint32_t classes_ = 0;
  NotifyListener* listener_ = nullptr;
  uint32_t module_classes_ = 0;
  NotifyListener* module_listener_ = nullptr;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_NOTIFY_H_
