#include "tools/run/trace_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mlc::tools {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string printEvents(int rank, const std::string& host, const executor::Trace& trace) {
  Json events = Json::array();
  events.push_back({{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", rank},
                    {"tid", 0},
                    {"args", {{"name", "rank " + std::to_string(rank) + " on " + host}}}});
  for (const executor::TraceEvent& event : trace.events()) {
    Json entry = {{"name", event.name},
                  {"ph", "X"},
                  {"pid", rank},
                  {"tid", 0},
                  {"ts", event.beginMicroseconds},
                  {"dur", event.microseconds}};
    if (event.microbatch >= 0) entry["args"] = {{"microbatch", event.microbatch}};
    events.push_back(std::move(entry));
  }
  return events.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string printTraceFile(const std::vector<std::string>& ranks) {
  Json all = Json::array();
  for (const std::string& text : ranks) {
    Json events = Json::parse(text, nullptr, false);
    for (Json& event : events) all.push_back(std::move(event));
  }
  int64_t first = INT64_MAX;
  for (const Json& event : all) {
    if (event.contains("ts")) first = std::min(first, event["ts"].get<int64_t>());
  }
  for (Json& event : all) {
    if (event.contains("ts")) event["ts"] = event["ts"].get<int64_t>() - first;
  }
  return Json{{"traceEvents", std::move(all)}, {"displayTimeUnit", "ms"}}.dump(
             -1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace mlc::tools
