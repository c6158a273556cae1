// docs/supported_ops.md: the ONNX operators that the importer takes.
#pragma once

#include <string>

namespace mlc {

// The document's text, from supportedOnnxOps().
std::string supportedOpsDocument();

}  // namespace mlc
