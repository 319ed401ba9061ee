#include "modules/api/promises.h"

#include <algorithm>
#include <string>
#include <utility>

#include "modules/api/groups.h"
#include "modules/process.h"

namespace slotmesh::modules {

// A command under way, with the client in whose name it waits.
struct PromisePart::Pending : public node::ClientHost {
  Pending(PromisePart& owner, uint64_t name, Module* whose, node::Audience who_hears)
      : part(owner), number(name), module(whose), audience(who_hears) {}

  // The wait is over and the reply is written: the rest happens in the loop's next turn.
  void Resume(node::Client&) override {
    if (std::exchange(ended, true)) return;
    part.modules_.host().post([number = number, &part = part] {
      part.modules_.RunOutsideRequests([&] { part.End(number); });
    });
  }
  // For those whom the call was for, and in one unit with what the module does upon it.
  void RunAgain(node::Client&, absl::FunctionRef<bool()> run) override {
    Modules& modules = part.modules_;  // This may go with the end.
    node::Journal& journal = modules.engine().journal;
    const node::JournalScope unit(journal);
    const node::Audience before = journal.audience();
    journal.set_audience(node::Both(before, audience));
    const bool done = run();
    journal.set_audience(before);
    modules.TouchKeyspace();
    if (done && !std::exchange(ended, true)) part.End(number);
    modules.RunUnitEnd();
  }
  void Flush(node::Client&) override {}
  void Close(node::Client& waiting, bool) override { Resume(waiting); }

  PromisePart& part;
  const uint64_t number;  // Never given out twice.
  Module* module;
  const node::Audience audience;
  node::Client client{0, this};
  const RedisModuleCallReply* promise = nullptr;  // Null: nobody holds it.
  RedisModuleOnUnblocked handler = nullptr;
  void* data = nullptr;
  bool ended = false;
};

PromisePart::PromisePart(Modules& modules) : modules_(modules) {}

PromisePart::~PromisePart() {
  while (!pending_.empty()) Drop(*pending_.back());
}

std::string_view PromisePart::HoldsBack(const Module& module) const {
  const bool has = std::any_of(pending_.begin(), pending_.end(),
                               [&](const auto& one) { return one->module == &module; });
  return has ? "the module has commands under way. Please wait for them to end and try again"
             : std::string_view();
}

void PromisePart::Forget(Module& module) {
  for (const auto& pending : pending_) {
    if (pending->module == &module) pending->handler = nullptr;
  }
}

std::unique_ptr<RedisModuleCallReply> PromisePart::Run(
    RedisModuleCtx& ctx, node::Args words, node::Audience audience,
    absl::FunctionRef<void(node::Client&)> prepare) {
  node::Journal& journal = modules_.engine().journal;
  pending_.push_back(std::make_unique<Pending>(*this, ++last_number_, ctx.module, audience));
  Pending& pending = *pending_.back();
  node::Client& client = pending.client;
  prepare(client);
  const node::Audience before = journal.audience();
  journal.set_audience(node::Both(before, audience));
  (void)modules_.host().dispatcher.Execute(client, words, node::RequestOrigin::kClient);
  journal.set_audience(before);
  modules_.TouchKeyspace();
  if (client.waits() && !pending.ended) {
    auto promise = std::make_unique<RedisModuleCallReply>("", client.reply().protocol());
    promise->type = REDISMODULE_REPLY_PROMISE;
    pending.promise = promise.get();
    return promise;
  }
  auto reply =
      std::make_unique<RedisModuleCallReply>(client.output.ToString(), client.reply().protocol());
  Drop(pending);
  return reply;
}

PromisePart::Pending* PromisePart::Find(const RedisModuleCallReply& reply) const {
  if (reply.type != REDISMODULE_REPLY_PROMISE) return nullptr;
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const auto& one) { return one->promise == &reply; });
  return found == pending_.end() ? nullptr : found->get();
}

void PromisePart::OnUnblocked(const RedisModuleCallReply& reply, RedisModuleOnUnblocked handler,
                              void* data) {
  Pending* pending = Find(reply);
  if (pending == nullptr) return;
  pending->handler = handler;
  pending->data = data;
}

bool PromisePart::Abort(const RedisModuleCallReply& reply, void** data) {
  Pending* pending = Find(reply);
  if (pending == nullptr || pending->ended) return false;
  if (data != nullptr) *data = pending->data;
  Drop(*pending);
  return true;
}

void PromisePart::Release(const RedisModuleCallReply& reply) {
  if (Pending* pending = Find(reply); pending != nullptr) pending->promise = nullptr;
}

void PromisePart::End(uint64_t number) {
  const auto known = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const auto& one) { return one->number == number; });
  if (known == pending_.end()) return;  // It was dropped meanwhile.
  Pending& pending = **known;
  if (pending.handler != nullptr) {
    // The handler's: it frees the reply.
    auto* reply = new RedisModuleCallReply(pending.client.output.ToString(),
                                           pending.client.reply().protocol());
    modules_.CallBack(pending.module, [&](RedisModuleCtx& ctx) {
      ctx.database = pending.client.database;
      pending.handler(&ctx, reply, pending.data);
    });
  }
  Drop(pending);
}

void PromisePart::Drop(Pending& pending) {
  node::Engine& engine = modules_.engine();
  engine.blocked.Forget(pending.client);
  engine.parking.Forget(pending.client);
  engine.watches.Forget(pending.client);
  engine.messages.Forget(pending.client);
  pending_.erase(std::find_if(pending_.begin(), pending_.end(),
                              [&](const auto& one) { return one.get() == &pending; }));
}

namespace {

void CallReplyPromiseSetUnblockHandler(RedisModuleCallReply* reply, RedisModuleOnUnblocked handler,
                                       void* data) noexcept {
  TheModules().part<PromisePart>().OnUnblocked(*reply, handler, data);
}

int CallReplyPromiseAbort(RedisModuleCallReply* reply, void** data) noexcept {
  return TheModules().part<PromisePart>().Abort(*reply, data) ? REDISMODULE_OK : REDISMODULE_ERR;
}

const ApiEntry kFunctions[] = {
    {"CallReplyPromiseSetUnblockHandler", &CallReplyPromiseSetUnblockHandler},
    {"CallReplyPromiseAbort", &CallReplyPromiseAbort},
};

}  // namespace

ApiGroup PromiseFunctions() { return kFunctions; }

void AddPromisePart(Modules& modules) { modules.AddPart(std::make_unique<PromisePart>(modules)); }

}  // namespace slotmesh::modules
