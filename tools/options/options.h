// The command lines of mlc-run and mlc-compile, as docs/command_line.md describes them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::tools {

struct Mesh {
  int dp = 0, pp = 0, tp = 0;  // 0: free
  bool forced() const { return dp || pp || tp; }
  int ranks() const { return std::max(dp, 1) * std::max(pp, 1) * std::max(tp, 1); }
};

// "tp=2,pp=2,dp=1" in any order.
StatusOr<Mesh> parseMesh(const std::string& text);

// "batch=8", repeated.
StatusOr<std::map<std::string, int64_t>> parseDims(const std::vector<std::string>& texts);

// What decides a package.
struct PackageOptions {
  std::string model;  // .onnx file or package folder
  std::vector<std::string> dims;
  std::string devicesFile;
  std::string planFile;
  std::string mesh;
  int microbatches = 0;  // 0: free
  std::string target = "host";
  bool keepStates = false;
  std::vector<std::string> dumpAfter;
  std::string dumpFolder = ".";
};

struct RunOptions {
  PackageOptions package;
  std::vector<std::string> inputs;  // NAME=@FILE or NAME=SHAPExTYPE=FILL
  std::string inputsFolder;
  uint64_t seed = 0;
  std::string outputsFolder;
  std::string outputsFormat = "npy";
  std::string expectFolder;
  double rtol = 1e-3, atol = 1e-5;
  bool verify = false;
  int iterations = 1, warmup = 0;
  int threads = 0;           // per rank; 0: its share of the host
  double stallSeconds = 10;  // of silence after which a rank is lost; 0: never
  std::string traceFile;
  std::string jsonFile;
};

}  // namespace mlc::tools
