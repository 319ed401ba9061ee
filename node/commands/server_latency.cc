// LATENCY.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "node/commands/help.h"
#include "node/commands/server_handlers.h"
#include "node/stats/latency_monitor.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Event = LatencyMonitor::Event;

constexpr size_t kGraphColumns = 80;
constexpr int kGraphRows = 4;
constexpr uint64_t kHistogramMaxMicros = 1 << 20;

const Event* FindEvent(CommandContext& ctx, std::string_view name) {
  const LatencyMonitor* monitor = ctx.engine().latency_monitor;
  return monitor == nullptr ? nullptr : monitor->Find(name);
}

void ReplyHistogram(Reply& reply, const Command& command) {
  const LatencyHistogram& histogram = *command.stats().latency;
  reply.Bulk(command.full_name());
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(histogram.count()));
  reply.Bulk("histogram_usec");
  const Reply::Deferred map = reply.DeferMap();
  size_t buckets = 0;
  uint64_t before = 0;
  for (uint64_t micros = 1; micros <= kHistogramMaxMicros && before < histogram.count();
       micros *= 2) {
    const bool last = micros == kHistogramMaxMicros;
    const uint64_t count = last ? histogram.count() : histogram.CountUpTo(micros);
    if (count == before) continue;
    reply.Integer(static_cast<int64_t>(micros));
    reply.Integer(static_cast<int64_t>(count));
    before = count;
    ++buckets;
  }
  reply.Finish(map, buckets);
}

bool HasRun(const Command& command) {
  const LatencyHistogram* histogram = command.stats().latency.get();
  return histogram != nullptr && histogram->count() > 0;
}

// A command, and its subcommands if it is a container.
void AddWithSubcommands(const Command& command, std::vector<const Command*>* commands) {
  if (HasRun(command)) commands->push_back(&command);
  for (const auto& sub : command.subcommands()) AddWithSubcommands(*sub, commands);
}

// One column a sample, the newest at the right; the tallest is as high as the rows allow.
std::string Graph(const std::string& name, const Event& event) {
  const auto& samples = event.samples;
  const auto [low, high] =
      std::minmax_element(samples.begin(), samples.end(),
                          [](const auto& a, const auto& b) { return a.millis < b.millis; });
  std::string text = absl::StrFormat("%s - high %d ms, low %d ms (all time high %d ms)\n", name,
                                     high->millis, low->millis, event.max_millis);
  text += std::string(kGraphColumns, '-') + "\n";
  const size_t shown = std::min(samples.size(), kGraphColumns);
  for (int row = kGraphRows; row > 0; --row) {
    std::string line;
    for (size_t i = samples.size() - shown; i < samples.size(); ++i) {
      const int64_t height = samples[i].millis * kGraphRows / std::max<int64_t>(1, high->millis);
      line += height >= row ? '#' : row == 1 ? '_' : ' ';
    }
    text += line + "\n";
  }
  return text;
}

std::string Diagnosis(const LatencyMonitor& monitor) {
  std::string text = "Events that took longer than latency-monitor-threshold:\n\n";
  for (const auto& [name, event] : monitor.events()) {
    int64_t sum = 0;
    for (const auto& sample : event.samples) sum += sample.millis;
    text +=
        absl::StrFormat(" * %s: %d samples, mean %d ms, worst %d ms.\n", name, event.samples.size(),
                        sum / static_cast<int64_t>(event.samples.size()), event.max_millis);
  }
  text +=
      "\nSLOWLOG GET shows the commands themselves; LATENCY HISTOGRAM how long each kind of "
      "command takes.\n";
  return text;
}

}  // namespace

void LatencyHistogramOf(CommandContext& ctx, Args args) {
  const Registry& registry = ctx.engine().registry;
  std::vector<const Command*> commands;
  if (args.size() == 2) {
    for (const auto& command : registry.commands()) AddWithSubcommands(*command, &commands);
  }
  for (const std::string_view name : args.subspan(2)) {
    const size_t bar = name.find('|');
    const Command* command = registry.Find(name.substr(0, bar));
    if (command != nullptr && bar != std::string_view::npos) {
      command = command->FindSubcommand(name.substr(bar + 1));
    }
    if (command != nullptr) AddWithSubcommands(*command, &commands);
  }
  ctx.reply().Map(commands.size());
  for (const Command* command : commands) ReplyHistogram(ctx.reply(), *command);
}

void LatencyHistory(CommandContext& ctx, Args args) {
  const Event* event = FindEvent(ctx, args[2]);
  if (event == nullptr) return ctx.reply().EmptyArray();
  ctx.reply().Array(event->samples.size());
  for (const auto& sample : event->samples) {
    ctx.reply().Array(2);
    ctx.reply().Integer(sample.unix_seconds);
    ctx.reply().Integer(sample.millis);
  }
}

void LatencyLatest(CommandContext& ctx, Args) {
  const LatencyMonitor* monitor = ctx.engine().latency_monitor;
  if (monitor == nullptr) return ctx.reply().EmptyArray();
  ctx.reply().Array(monitor->events().size());
  for (const auto& [name, event] : monitor->events()) {
    ctx.reply().Array(4);
    ctx.reply().Bulk(name);
    ctx.reply().Integer(event.samples.back().unix_seconds);
    ctx.reply().Integer(event.samples.back().millis);
    ctx.reply().Integer(event.max_millis);
  }
}

void LatencyReset(CommandContext& ctx, Args args) {
  LatencyMonitor* monitor = ctx.engine().latency_monitor;
  if (monitor == nullptr) return ctx.reply().Integer(0);
  if (args.size() == 2) return ctx.reply().Integer(static_cast<int64_t>(monitor->ResetAll()));
  int64_t count = 0;
  for (const std::string_view name : args.subspan(2)) count += monitor->Reset(name) ? 1 : 0;
  ctx.reply().Integer(count);
}

void LatencyGraph(CommandContext& ctx, Args args) {
  const Event* event = FindEvent(ctx, args[2]);
  if (event == nullptr) {
    return ctx.reply().Error(StrCat("ERR No samples available for event '", args[2], "'"));
  }
  ctx.reply().Verbatim("txt", Graph(std::string(args[2]), *event));
}

void LatencyDoctor(CommandContext& ctx, Args) {
  const LatencyMonitor* monitor = ctx.engine().latency_monitor;
  std::string text;
  if (monitor != nullptr && !monitor->events().empty()) {
    text = Diagnosis(*monitor);
  } else if (ctx.engine().config.latency_monitor_threshold == 0) {
    text =
        "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns "
        "it on.\n";
  } else {
    text = "No event has taken longer than latency-monitor-threshold.\n";
  }
  ctx.reply().Verbatim("txt", text);
}

void LatencyHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    What took long, in words.",
      "GRAPH <event>",
      "    The samples of an event as a picture.",
      "HISTOGRAM [<command> ...]",
      "    How many calls of each command took at most how many microseconds.",
      "HISTORY <event>",
      "    The samples of an event: time and milliseconds.",
      "LATEST",
      "    Of each event: time and milliseconds of the last sample, and the worst ever.",
      "RESET [<event> ...]",
      "    Forgets the samples of these events, or of all.",
  };
  ReplyHelp(ctx.reply(), "LATENCY", kLines);
}

}  // namespace slotmesh::node
