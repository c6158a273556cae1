// Finds where in a serialized model the bytes of its weights lie, so that they can be mapped
// instead of copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace mlc::onnx_import {

// Initializer name to the offset of its raw_data in the file.
using RawDataOffsets = std::map<std::string, int64_t>;

// Walks the wire format of an onnx.ModelProto that protobuf has accepted:
// model.graph.initializer[*].raw_data. Names that occur twice, and whatever is not as expected, are
// left out.
RawDataOffsets locateRawData(const char* data, size_t size);

}  // namespace mlc::onnx_import
