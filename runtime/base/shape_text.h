// Shapes in messages and reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlc {

// "2x128", or "scalar".
std::string shapeText(const std::vector<int64_t>& shape);

}  // namespace mlc
