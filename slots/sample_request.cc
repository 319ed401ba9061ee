#include "slots/sample_request.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace slotmesh::slots {
namespace {

using Json = nlohmann::json;

// Some flags stand there as the text "true".
bool Flagged(const Json& argument, const char* name) {
  const auto found = argument.find(name);
  return found != argument.end() && (*found == true || *found == "true");
}

class Maker {
 public:
  // `routes_channels`: the command's shard channels have specs, as keys do.
  Maker(std::mt19937* random, bool routes_channels, SampleRequest* out)
      : random_(*random), routes_channels_(routes_channels), out_(*out) {}

  void MakeAll(const Json& arguments) {
    for (const Json& argument : arguments) Make(argument);
  }
  void AddWord(std::string word) { out_.words.push_back(std::move(word)); }

 private:
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void Make(const Json& argument) {
    const std::string type = argument.at("type");
    int times = Flagged(argument, "multiple") ? Pick(1, 3) : 1;
    if (Flagged(argument, "optional") && Pick(0, 1) == 0) times = 0;
    if (type == "key" && Flagged(argument, "multiple") && counted_keys_ >= 0) {
      times = counted_keys_;
      counted_keys_ = -1;
    }
    if (type == "key" && argument.value("token", "") == "KEYS") times = empty_key_ ? Pick(1, 3) : 0;
    if (argument.value("name", "") == "ID" && stream_keys_ > 0) times = stream_keys_;
    if (type == "key") stream_keys_ = times;
    for (int i = 0; i < times; ++i) MakeOnce(argument, type, i == 0);
  }

  void MakeOnce(const Json& argument, const std::string& type, bool first) {
    if (argument.contains("token") && (first || Flagged(argument, "multiple_token"))) {
      AddToken(argument.at("token"));
    }
    if (type == "oneof") {
      const Json& choices = argument.at("arguments");
      Make(choices.at(Pick(0, static_cast<int>(choices.size()) - 1)));
    } else if (type == "block") {
      MakeAll(argument.at("arguments"));
    } else if (type == "key" ||
               (routes_channels_ && argument.value("name", "") == "shardchannel")) {
      out_.keys.emplace_back(out_.words.size(), argument.value("key_spec_index", 0));
      AddWord("key:" + std::to_string(out_.words.size()));
    } else if (argument.value("name", "") == "numkeys") {
      counted_keys_ = Pick(1, 3);
      AddWord(std::to_string(counted_keys_));
    } else if (type == "integer" || type == "double" || type == "unix-time") {
      AddWord(std::to_string(Pick(1, 99)));
    } else if (type != "pure-token") {
      AddWord("arg:" + std::to_string(out_.words.size()));
    }
  }

  void AddToken(std::string token) {
    if (token == "\"\"") {
      empty_key_ = true;
      token.clear();
    }
    if (Pick(0, 1) == 0) {
      std::transform(token.begin(), token.end(), token.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    AddWord(token);
  }

  std::mt19937& random_;
  const bool routes_channels_;
  SampleRequest& out_;
  int counted_keys_ = -1;   // What the last "numkeys" said, until its keys are made.
  int stream_keys_ = 0;     // As many IDs as keys.
  bool empty_key_ = false;  // MIGRATE's "": then its KEYS must come.
};

}  // namespace

SampleRequest MakeSampleRequest(const std::string& name, const Json& command,
                                std::mt19937* random) {
  SampleRequest request;
  Maker maker(random, command.contains("key_specs"), &request);
  std::istringstream name_words(name);
  for (std::string word; name_words >> word;) maker.AddWord(word);
  maker.MakeAll(command.value("arguments", Json::array()));
  return request;
}

}  // namespace slotmesh::slots
