// The order in which the nodes of a graph can be evaluated.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/import/onnx/onnx.pb.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// "'name' (Op)"; nodes without a name are named by their op and first output.
std::string describeNode(const onnx::NodeProto& node);

// The names that a node reads: its inputs, and what its subgraphs take from outside.
std::vector<std::string> namesReadBy(const onnx::NodeProto& node);

// An order in which every node comes after those whose outputs it reads: the given one where it is
// so already. Fails with kInvalid for a cycle (naming its nodes), a value defined twice and a value
// that nothing defines. `isDefinedHere` tells which names the graph has before its first node
// (inputs, initializers), `isDefinedOutside` those of the enclosing graphs.
StatusOr<std::vector<const onnx::NodeProto*>> orderNodes(
    const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
    const std::function<bool(const std::string&)>& isDefinedHere,
    const std::function<bool(const std::string&)>& isDefinedOutside);

}  // namespace mlc::onnx_import
