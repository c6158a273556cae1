// Compares the int8 product with the f32 product, on one thread, with constant (packed) right
// sides.
//
//   int8_matmul [M K N]...        (default: a few sizes of transformer layers)
//
// Prints the median rates over interleaved runs, in processor time, in billions of operations (a
// multiplication and an addition count as two) per second, and their ratio. Both compute y = x w +
// b; the int8 one also removes the zero point of x, scales per column, and gives f32.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

struct Size {
  int64_t m, k, n;
};

std::string tensor(const std::string& dims, const std::string& element) {
  return "tensor<" + dims + "x" + element + ">";
}

std::string panelAttributes(const CpuTarget& target, int64_t group) {
  const int64_t columns = target.vectorBytes() / 4 * (target.numVectorRegisters() / 8);
  return " {mlc.panels = #mlc.panels<columns = " + std::to_string(columns) +
         ", group = " + std::to_string(group) + ">}";
}

struct Text {
  std::string body;
  // %name = graph.op operands : types -> result
  void op(const std::string& line) { body += "  " + line + "\n"; }
};

std::string floatKernel(const Size& s, const CpuTarget& target) {
  const std::string m = std::to_string(s.m), k = std::to_string(s.k), n = std::to_string(s.n);
  const std::string x = tensor(m + "x" + k, "f32"), w = tensor(k + "x" + n, "f32"),
                    y = tensor(m + "x" + n, "f32"), row = tensor(n, "f32");
  Text text;
  text.op("%0 = graph.contract %x, %w {equation = \"mk,kn->mn\"} : (" + x + ", " + w + ") -> " + y);
  text.op("%1 = graph.add %0, %b : (" + y + ", " + row + ") -> " + y);
  return "func.func private @kernel(%x: " + x + ", %w: " + w + panelAttributes(target, 1) +
         ", %b: " + row + ") -> " + y + " attributes {mlc.kernel} {\n" + text.body +
         "  return %1 : " + y + "\n}";
}

std::string byteKernel(const Size& s, const CpuTarget& target) {
  const std::string m = std::to_string(s.m), k = std::to_string(s.k), n = std::to_string(s.n);
  const std::string x = tensor(m + "x" + k, "ui8"), w = tensor(k + "x" + n, "i8"),
                    sums = tensor(m + "x" + n, "i32"), y = tensor(m + "x" + n, "f32"),
                    integers = tensor(n, "i32"), row = tensor(n, "f32");
  const bool dot = target.has(target.vectorBytes() == 64 ? "avx512vnni" : "avxvnni");
  Text text;
  text.op("%0 = graph.contract %x, %w {equation = \"mk,kn->mn\"} : (" + x + ", " + w + ") -> " +
          sums);
  text.op("%1 = graph.sub %0, %z : (" + sums + ", " + integers + ") -> " + sums);
  text.op("%2 = graph.cast %1 : (" + sums + ") -> " + y);
  text.op("%3 = graph.mul %2, %s : (" + y + ", " + row + ") -> " + y);
  text.op("%4 = graph.add %3, %b : (" + y + ", " + row + ") -> " + y);
  return "func.func private @kernel(%x: " + x + ", %w: " + w +
         panelAttributes(target, dot ? 4 : 2) + ", %z: " + integers + ", %s: " + row +
         ", %b: " + row + ") -> " + y + " attributes {mlc.kernel} {\n" + text.body +
         "  return %4 : " + y + "\n}";
}

// Any bytes that are small numbers in all types.
std::vector<char> bytes(int64_t count) {
  std::vector<char> result(static_cast<size_t>(count) + 64);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<char>(i % 4 == 3 ? 0x3f : i % 61);
  return result;
}

// Of this thread: what other processes do hardly matters.
double processorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double secondsOf(KernelRunner& runner, std::vector<std::vector<char>>& buffers) {
  std::vector<void*> pointers;
  for (std::vector<char>& buffer : buffers) {
    const auto address = reinterpret_cast<uintptr_t>(buffer.data());
    pointers.push_back(reinterpret_cast<void*>((address + 63) / 64 * 64));
  }
  const double start = processorSeconds();
  runner.run({}, pointers, 1);
  return processorSeconds() - start;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

bool measure(const Size& s) {
  const CpuTarget target = CpuTarget::host();
  auto inFloats = KernelRunner::compile(floatKernel(s, target), target);
  auto inBytes = KernelRunner::compile(byteKernel(s, target), target);
  for (const auto* runner : {&inFloats, &inBytes}) {
    if (!runner->ok()) {
      std::fprintf(stderr, "%s\n", runner->status().message().c_str());
      return false;
    }
  }
  // Panels: at most 128 columns more than the matrix, and four rows.
  const int64_t panels = (s.k + 4) * (s.n + 128), y = s.m * s.n * 4;
  std::vector<std::vector<char>> floats{bytes(s.m * s.k * 4), bytes(panels * 4), bytes(s.n * 4),
                                        bytes(y)};
  std::vector<std::vector<char>> integers{bytes(s.m * s.k), bytes(panels),  bytes(s.n * 4),
                                          bytes(s.n * 4),   bytes(s.n * 4), bytes(y)};
  std::vector<double> floatTimes, byteTimes;
  const int repetitions =
      static_cast<int>(std::clamp<double>(4e9 / (2.0 * s.m * s.k * s.n), 9, 999));
  for (int i = 0; i < repetitions; ++i) {
    floatTimes.push_back(secondsOf(*inFloats, floats));
    byteTimes.push_back(secondsOf(*inBytes, integers));
  }
  const double operations = 2e-9 * static_cast<double>(s.m * s.k * s.n);
  const double f = operations / median(floatTimes), b = operations / median(byteTimes);
  std::printf("%5ld x %5ld x %5ld   f32 %7.1f   int8 %7.1f   ratio %.2f\n", s.m, s.k, s.n, f, b,
              b / f);
  return true;
}

}  // namespace
}  // namespace mlc::cpu

int main(int argc, char** argv) {
  std::vector<mlc::cpu::Size> sizes{
      {128, 384, 1536}, {128, 1536, 384}, {128, 768, 3072}, {512, 512, 512}, {1, 4096, 4096}};
  if (argc > 1) {
    sizes.clear();
    for (int i = 1; i + 2 < argc; i += 3) {
      sizes.push_back({std::atol(argv[i]), std::atol(argv[i + 1]), std::atol(argv[i + 2])});
    }
  }
  std::printf("M x K x N, one thread, in GF/s and GOP/s\n");
  for (const mlc::cpu::Size& size : sizes) {
    if (!mlc::cpu::measure(size)) return 1;
  }
  return 0;
}
