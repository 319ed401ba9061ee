// A script engine that runs nothing: a text is the list of the functions that it registers.
//
//   "f g"       registers f and g         "!why"      fails with "why"
#ifndef SLOTMESH_FUNCTIONS_TESTING_FAKE_ENGINE_H_
#define SLOTMESH_FUNCTIONS_TESTING_FAKE_ENGINE_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "functions/engine.h"
#include "slots/strings.h"

namespace slotmesh::functions {

class FakeEngine : public ScriptEngine {
 public:
  std::string_view name() const override { return "LUA"; }
  absl::StatusOr<Callable> Compile(std::string_view body) override {
    if (body.starts_with('!')) return absl::InvalidArgumentError(ToAbsl(body.substr(1)));
    return New();
  }
  absl::StatusOr<std::vector<LoadedFunction>> LoadLibrary(std::string_view body) override {
    const absl::string_view text = absl::StripAsciiWhitespace(ToAbsl(body));
    if (text.empty()) return absl::InvalidArgumentError("No functions registered");
    if (text[0] == '!') return absl::InvalidArgumentError(text.substr(1));
    std::vector<LoadedFunction> functions;
    for (const absl::string_view word : absl::StrSplit(text, ' ')) {
      LoadedFunction function;
      function.name = std::string(word);
      function.code = New();
      functions.push_back(std::move(function));
    }
    return functions;
  }
  void Call(const CallRequest& request) override { request.reply.Ok(); }
  size_t memory_bytes() const override { return 0; }
  void Collect() override {}

  // Callables that have not been given back.
  size_t alive() const { return alive_.size(); }

 private:
  Callable New() {
    alive_.insert(++last_);
    return Callable(this, last_);
  }
  void Release(int id) override { alive_.erase(id); }

  int last_ = 0;
  std::set<int> alive_;
};

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_TESTING_FAKE_ENGINE_H_
