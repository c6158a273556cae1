// The command lines of mlc-run and mlc-compile, as docs/command_line.md describes them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::tools {

// The most that the options take.
inline constexpr int kMostRanks = 1024;       // of a job
inline constexpr int kMostThreadRanks = 128;  // of them, as threads of one process
inline constexpr int kMostThreads = 1024;     // of a rank
inline constexpr int kMostThreadsOfProcess = 4096;
inline constexpr int kMostRuns = 1'000'000;
inline constexpr int kMostMicrobatches = 65536;

struct Mesh {
  int dp = 0, pp = 0, tp = 0;  // 0: free
  bool forced() const { return dp || pp || tp; }
  int ranks() const { return std::max(dp, 1) * std::max(pp, 1) * std::max(tp, 1); }
};

// "tp=2,pp=2,dp=1" in any order, each axis once; at most kMostRanks ranks.
StatusOr<Mesh> parseMesh(const std::string& text);

// "batch=8", ..., each name once.
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
  uint64_t cacheLimit = 10'000'000'000;  // bytes of packages in the cache
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
  // The runs that are timed: so many, or those that fit into so many seconds; and the runs before.
  // What is not given is as RunSchedule says.
  std::optional<int> iterations, warmup;
  std::optional<double> duration;
  int threads = 0;           // per rank; 0: its share of the host
  double stallSeconds = 10;  // of silence after which a rank is lost; 0: never
  std::string traceFile;
  std::string jsonFile;
  std::string trustFile;  // public keys: the package must be signed by one
  // To be done instead of a run.
  std::string cacheAction;    // "list" or "clear" the cache
  bool listsDevices = false;  // print those of the job
  bool wantsInfo = false;     // print what the package holds
};

struct CompileToolOptions {
  PackageOptions package;
  std::string output;
  int ranks = 0;  // 0: what the mesh needs
  std::string jsonFile;
  bool explains = false;
  std::string signingKey;  // file of a private key
};

}  // namespace mlc::tools
