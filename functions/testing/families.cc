#include "functions/testing/families.h"

#include <memory>
#include <utility>

#include "functions/functions.h"

namespace slotmesh::functions {
namespace {

class NoLog : public node::Log {
 public:
  void Write(Severity, std::string_view) override {}
};

struct State {
  State(node::TestEngine& engine, std::function<void()> serve_others)
      : functions({.engine = engine.engine(),
                   .dispatcher = engine.dispatcher(),
                   .log = log,
                   .version = "1.2.3",
                   .serve_others = std::move(serve_others)}) {}

  NoLog log;
  Functions functions;
};

}  // namespace

std::vector<node::TestFamily> FunctionFamilies(
    std::function<void(node::TestEngine&)> serve_others) {
  const auto make = [serve_others](node::TestEngine& engine) -> std::shared_ptr<void> {
    std::function<void()> serve;
    if (serve_others) serve = [serve_others, &engine] { serve_others(engine); };
    auto state = std::make_shared<State>(engine, std::move(serve));
    return {state, &state->functions};
  };
  return {{ScriptCommands(), make}, {FunctionCommands(), make}};
}

}  // namespace slotmesh::functions
