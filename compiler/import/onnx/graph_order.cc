#include "compiler/import/onnx/graph_order.h"

#include <map>
#include <set>

namespace mlc::onnx_import {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
using Predicate = std::function<bool(const std::string&)>;

void collectFree(const onnx::GraphProto& graph, std::set<std::string>& names);

void collectReads(const onnx::NodeProto& node, std::set<std::string>& names) {
  for (const std::string& input : node.input()) {
    if (!input.empty()) names.insert(input);
  }
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) collectFree(attribute.g(), names);
    for (const auto& graph : attribute.graphs()) collectFree(graph, names);
  }
}

// Names that the graph uses and does not define itself.
void collectFree(const onnx::GraphProto& graph, std::set<std::string>& names) {
  std::set<std::string> used, defined;
  for (const auto& input : graph.input()) defined.insert(input.name());
  for (const auto& initializer : graph.initializer()) defined.insert(initializer.name());
  for (const auto& node : graph.node()) {
    collectReads(node, used);
    for (const std::string& output : node.output()) defined.insert(output);
  }
  for (const auto& output : graph.output()) used.insert(output.name());
  for (const std::string& name : used) {
    if (!defined.contains(name)) names.insert(name);
  }
}

// Depth-first search over the nodes in their given order, along what they read.
class Sorter {
 public:
  Sorter(const Nodes& nodes, const Predicate& isDefinedHere, const Predicate& isDefinedOutside)
      : nodes_(nodes),
        isDefinedHere_(isDefinedHere),
        isDefinedOutside_(isDefinedOutside),
        states_(nodes.size(), State::kNew) {}

  StatusOr<std::vector<const onnx::NodeProto*>> run() {
    for (int i = 0; i < nodes_.size(); ++i) {
      for (const std::string& output : nodes_[i].output()) {
        if (output.empty()) continue;
        if (isDefinedHere_(output) || !producers_.emplace(output, i).second) {
          return invalidError("value '" + output + "' is defined twice, the second time by node " +
                              describeNode(nodes_[i]));
        }
      }
    }
    for (int i = 0; i < nodes_.size(); ++i) MLC_RETURN_IF_ERROR(visit(i));
    return order_;
  }

 private:
  enum class State { kNew, kOpen, kDone };
  struct Frame {
    int node;
    std::vector<std::string> reads;
    size_t next = 0;
  };

  // Not recursive: a chain of nodes in reverse order would be as deep as the model is long.
  Status visit(int start) {
    if (states_[start] == State::kDone) return okStatus();
    std::vector<Frame> path;
    open(start, path);
    while (!path.empty()) {
      Frame& frame = path.back();
      if (frame.next == frame.reads.size()) {
        states_[frame.node] = State::kDone;
        order_.push_back(&nodes_[frame.node]);
        path.pop_back();
        continue;
      }
      const std::string& name = frame.reads[frame.next++];
      auto producer = producers_.find(name);
      if (producer == producers_.end()) {
        if (isDefinedHere_(name) || isDefinedOutside_(name)) continue;
        return invalidError("node " + describeNode(nodes_[frame.node]) + " reads '" + name +
                            "', which nothing defines");
      }
      if (states_[producer->second] == State::kOpen) return cycle(path, producer->second);
      if (states_[producer->second] == State::kNew) open(producer->second, path);
    }
    return okStatus();
  }

  void open(int node, std::vector<Frame>& path) {
    states_[node] = State::kOpen;
    path.push_back({node, namesReadBy(nodes_[node])});
  }

  Status cycle(const std::vector<Frame>& path, int first) const {
    std::string names;
    bool inside = false;
    for (const Frame& frame : path) {
      inside |= frame.node == first;
      if (inside) names += describeNode(nodes_[frame.node]) + " <- ";
    }
    return invalidError("the graph has a cycle: " + names + describeNode(nodes_[first]));
  }

  const Nodes& nodes_;
  const Predicate& isDefinedHere_;
  const Predicate& isDefinedOutside_;
  std::map<std::string, int> producers_;
  std::vector<State> states_;
  std::vector<const onnx::NodeProto*> order_;
};

}  // namespace

std::string describeNode(const onnx::NodeProto& node) {
  if (!node.name().empty()) return "'" + node.name() + "' (" + node.op_type() + ")";
  return node.op_type() + " of '" + (node.output_size() > 0 ? node.output(0) : std::string()) + "'";
}

std::vector<std::string> namesReadBy(const onnx::NodeProto& node) {
  std::set<std::string> names;
  collectReads(node, names);
  return {names.begin(), names.end()};
}

StatusOr<std::vector<const onnx::NodeProto*>> orderNodes(const Nodes& nodes,
                                                         const Predicate& isDefinedHere,
                                                         const Predicate& isDefinedOutside) {
  return Sorter(nodes, isDefinedHere, isDefinedOutside).run();
}

}  // namespace mlc::onnx_import
