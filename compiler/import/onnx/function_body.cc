#include "compiler/import/onnx/function_body.h"

#include <map>
#include <set>
#include <string>

namespace mlc::onnx_import {
namespace {

using Attributes = std::map<std::string, const onnx::AttributeProto*>;

void substitute(onnx::GraphProto& graph, const Attributes& attributes,
                const std::set<std::string>& absent) {
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    for (std::string& input : *node.mutable_input()) {
      if (absent.contains(input)) input.clear();
    }
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> kept;
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.ref_attr_name().empty()) {
        if (attribute.has_g()) substitute(*attribute.mutable_g(), attributes, absent);
        *kept.Add() = std::move(attribute);
      } else if (auto it = attributes.find(attribute.ref_attr_name()); it != attributes.end()) {
        onnx::AttributeProto value = *it->second;
        value.set_name(attribute.name());
        *kept.Add() = std::move(value);
      }
    }
    node.mutable_attribute()->Swap(&kept);
  }
}

}  // namespace

onnx::GraphProto functionBody(const onnx::FunctionProto& function, const onnx::NodeProto& call) {
  Attributes attributes;
  for (const auto& attribute : function.attribute_proto())
    attributes[attribute.name()] = &attribute;
  for (const auto& attribute : call.attribute()) attributes[attribute.name()] = &attribute;
  std::set<std::string> absent;
  for (int i = 0; i < function.input_size(); ++i) {
    if (i >= call.input_size() || call.input(i).empty()) absent.insert(function.input(i));
  }
  onnx::GraphProto body;
  *body.mutable_node() = function.node();
  substitute(body, attributes, absent);
  return body;
}

}  // namespace mlc::onnx_import
