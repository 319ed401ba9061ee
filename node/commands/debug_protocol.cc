#include "node/commands/debug_protocol.h"

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int kElements = 3;
constexpr std::string_view kWrongType =
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

void Map(Reply& reply) {
  reply.Map(kElements);
  for (int i = 0; i < kElements; ++i) {
    reply.Integer(i);
    reply.Bool(i == 1);
  }
}

void Attribute(Reply& reply) {
  if (reply.Attribute(1)) {
    reply.Bulk("key-popularity");
    reply.Array(2);
    reply.Bulk("key:123");
    reply.Integer(90);
  }
  reply.Bulk("Some real reply following the attribute");
}

void Push(Reply& reply) {
  if (!reply.resp3()) return reply.Error("ERR RESP2 is not supported by this command");
  reply.Push(2);
  reply.Bulk("server-cpu-usage");
  reply.Integer(42);
  // A push is no reply to the command; nothing follows, so that clients can see what they do then.
}

struct Sample {
  std::string_view name;
  void (*write)(Reply& reply);
};

constexpr Sample kSamples[] = {
    {"string", [](Reply& reply) { reply.Bulk("Hello World"); }},
    {"integer", [](Reply& reply) { reply.Integer(12345); }},
    {"double", [](Reply& reply) { reply.Double(3.141); }},
    {"null", [](Reply& reply) { reply.Null(); }},
    {"bignum", [](Reply& reply) { reply.BigNumber("1234567999999999999999999999999999999"); }},
    {"array",
     [](Reply& reply) {
       reply.Array(kElements);
       for (int i = 0; i < kElements; ++i) reply.Integer(i);
     }},
    {"set",
     [](Reply& reply) {
       reply.Set(kElements);
       for (int i = 0; i < kElements; ++i) reply.Integer(i);
     }},
    {"map", &Map},
    {"attrib", &Attribute},
    {"push", &Push},
    {"true", [](Reply& reply) { reply.Bool(true); }},
    {"false", [](Reply& reply) { reply.Bool(false); }},
    {"verbatim", [](Reply& reply) { reply.Verbatim("txt", "This is a verbatim\nstring"); }},
};

}  // namespace

void DebugProtocol(CommandContext& ctx, Args args) {
  for (const Sample& sample : kSamples) {
    if (EqualsIgnoreCase(sample.name, args[2])) return sample.write(ctx.reply());
  }
  ctx.reply().Error(kWrongType);
}

}  // namespace slotmesh::node
