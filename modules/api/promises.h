// Commands that a module runs and that may wait (RM_Call's K): the reply is a promise then, and
// what comes of it is handed to the module's function.
//
// Engine thread, or whoever holds the module lock.
#ifndef SLOTMESH_MODULES_API_PROMISES_H_
#define SLOTMESH_MODULES_API_PROMISES_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "modules/call_reply.h"
#include "modules/context.h"
#include "modules/modules.h"

namespace slotmesh::modules {

class PromisePart : public ModulePart {
 public:
  explicit PromisePart(Modules& modules);
  ~PromisePart() override;

  std::string_view HoldsBack(const Module& module) const override;
  void Forget(Module& module) override;

  // Runs the words, which have passed all checks, for a client that `prepare` gives its modes. A
  // promise if it waits.
  std::unique_ptr<RedisModuleCallReply> Run(RedisModuleCtx& ctx, node::Args words,
                                            node::Audience audience,
                                            absl::FunctionRef<void(node::Client&)> prepare);

  // Nothing happens if it is no promise.
  void OnUnblocked(const RedisModuleCallReply& reply, RedisModuleOnUnblocked handler, void* data);
  // False: it is kept already, or no promise. *data: what the handler would have got.
  bool Abort(const RedisModuleCallReply& reply, void** data);
  // The module has no use for the promise any more; the command goes on.
  void Release(const RedisModuleCallReply& reply);

 private:
  struct Pending;

  Pending* Find(const RedisModuleCallReply& reply) const;
  void End(uint64_t number);
  void Drop(Pending& pending);

  Modules& modules_;
  uint64_t last_number_ = 0;
  std::vector<std::unique_ptr<Pending>> pending_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_PROMISES_H_
