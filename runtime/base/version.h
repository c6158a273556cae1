// mlc's version, as --version prints it and packages name their producer.
#pragma once

namespace mlc {

inline constexpr char kVersion[] = "0.2.0";

}  // namespace mlc
