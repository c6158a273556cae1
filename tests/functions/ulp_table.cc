// Prints a table of the largest errors of the compiled functions, over all f16,
// bf16 and f32 numbers and random f64 numbers; of pow, over random pairs of each.
//
//   bazel run //tests/functions:ulp_table                 every f32 number: 15 minutes on two cores
//   bazel run //tests/functions:ulp_table -- 101          every 101st
//   bazel run //tests/functions:ulp_table -- 1 silu       one function
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/functions/elementary_functions.h"
#include "tests/functions/measure.h"

namespace mlc::functions {
namespace {

constexpr int64_t kChunk = 1 << 16;

// All numbers of 16 or 32 bits, `stride` apart.
Status measureBits(CompiledFunctions& compiled, DType dtype, uint64_t stride,
                   const std::string& only, std::vector<LargestError>& largest) {
  const bool isNarrow = dtypeBytes(dtype, 1) == 2;
  const uint64_t end = uint64_t{1} << (isNarrow ? 16 : 32);
  for (uint64_t next = 0; next < end;) {
    HostTensor x = HostTensor::zeros(dtype, {kChunk});
    for (int64_t i = 0; i < kChunk && next < end; ++i, next += isNarrow ? 1 : stride) {
      if (isNarrow) {
        x.data<uint16_t>()[i] = static_cast<uint16_t>(next);
      } else {
        x.data<uint32_t>()[i] = static_cast<uint32_t>(next);
      }
    }
    MLC_RETURN_IF_ERROR(measure(compiled, x, largest, only));
  }
  return okStatus();
}

Status measureRandom(CompiledFunctions& compiled, DType dtype, const std::string& only,
                     std::vector<LargestError>& largest) {
  std::mt19937_64 random(1);
  for (int chunk = 0; chunk < 16; ++chunk) {
    std::vector<double> arguments;
    while (arguments.size() < kChunk) arguments.push_back(randomArgument(dtype, random));
    MLC_RETURN_IF_ERROR(measure(compiled, tensorOf(dtype, arguments), largest, only));
  }
  return okStatus();
}

// Pairs of random numbers.
Status measureRandomPowers(DType dtype, const std::string& folder, LargestError& largest) {
  MLC_ASSIGN_OR_RETURN(const std::unique_ptr<api::Session> power, compilePower(dtype, folder));
  std::mt19937_64 random(2);
  for (int chunk = 0; chunk < 64; ++chunk) {
    const auto [base, exponent] = powerArguments(dtype, kChunk, random);
    MLC_RETURN_IF_ERROR(measurePowers(*power, base, exponent, largest));
  }
  return okStatus();
}

Status print(uint64_t stride, const std::string& only, const std::string& folder) {
  std::printf(
      "| function | type | largest error, ulp | at | special values |\n|---|---|---|---|---|\n");
  for (DType dtype : {DType::kF32, DType::kF64, DType::kF16, DType::kBF16}) {
    const std::string name(dtypeName(dtype));
    MLC_ASSIGN_OR_RETURN(CompiledFunctions compiled,
                         CompiledFunctions::compile(dtype, folder + "/" + name));
    std::vector<LargestError> largest, special;
    MLC_RETURN_IF_ERROR(measure(compiled, tensorOf(dtype, specialArguments(dtype)), special));
    MLC_RETURN_IF_ERROR(dtype == DType::kF64 ? measureRandom(compiled, dtype, only, largest)
                                             : measureBits(compiled, dtype, stride, only, largest));
    for (size_t f = 0; f < largest.size(); ++f) {
      if (!only.empty() && elementaryFunctions()[f].name != only) continue;
      std::printf("| %s | %s | %.3f | %.9g | %s |\n", elementaryFunctions()[f].name.c_str(),
                  name.c_str(), largest[f].ulp, largest[f].at,
                  special[f].ulp <= elementaryFunctions()[f].bound ? "right" : "WRONG");
    }
    if (!only.empty() && only != "pow") continue;
    LargestError power;
    MLC_RETURN_IF_ERROR(measureRandomPowers(dtype, folder + "/" + name + "_power", power));
    std::printf("| pow | %s | %.3f | %.9g ^ %.9g | %s |\n", name.c_str(), power.ulp, power.at,
                power.exponent, power.ulp <= kPowerBound ? "right" : "WRONG");
    std::fflush(stdout);
  }
  return okStatus();
}

}  // namespace
}  // namespace mlc::functions

int main(int argc, char** argv) {
  const uint64_t stride = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::string folder = std::filesystem::temp_directory_path() / "mlc_ulp_table";
  const mlc::Status status =
      mlc::functions::print(stride ? stride : 1, argc > 2 ? argv[2] : "", folder);
  std::filesystem::remove_all(folder);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return 1;
}
