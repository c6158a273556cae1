#include "partitioner/device_model/measure.h"

#include <immintrin.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstring>
#include <thread>

#include "runtime/base/machine.h"

namespace mlc::partition {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Each loop does `rounds` times this many independent multiply-adds per vector lane.
constexpr int kChains = 10;

__attribute__((target("avx2,fma"))) double multiplyAddAvx2(int64_t rounds) {
  __m256 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 scale = _mm256_set1_ps(0.5f), step = _mm256_set1_ps(1.0f);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kChains; ++i) sums[i] = _mm256_fmadd_ps(sums[i], scale, step);
  }
  double total = 0;
  for (const __m256& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}

__attribute__((target("avx512f"))) double multiplyAddAvx512(int64_t rounds) {
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 scale = _mm512_set1_ps(0.5f), step = _mm512_set1_ps(1.0f);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_fmadd_ps(sums[i], scale, step);
  }
  double total = 0;
  for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}

double multiplyAddSse(int64_t rounds) {
  __m128 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm_set1_ps(static_cast<float>(i));
  const __m128 scale = _mm_set1_ps(0.5f), step = _mm_set1_ps(1.0f);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kChains; ++i) sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], scale), step);
  }
  double total = 0;
  for (const __m128& sum : sums) total += _mm_cvtss_f32(sum);
  return total;
}

struct Kernel {
  double (*run)(int64_t rounds);
  int lanes;
};

Kernel bestKernel() {
  if (__builtin_cpu_supports("avx512f")) return {multiplyAddAvx512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {multiplyAddAvx2, 8};
  return {multiplyAddSse, 4};
}

// Runs `work(thread)` on all threads at once; the seconds that the slowest took.
double timeOnThreads(int threads, const std::function<void(int)>& work) {
  std::barrier<> start(threads);
  std::vector<double> seconds(threads);
  std::vector<std::thread> team;
  for (int i = 0; i < threads; ++i) {
    try {
      team.emplace_back([&, i] {
        start.arrive_and_wait();
        Clock::time_point begin = Clock::now();
        work(i);
        seconds[i] = secondsSince(begin);
      });
    } catch (const std::system_error&) {
      // There are no more: those that there are measure alone. Who needs them all will say so.
      for (int missing = i; missing < threads; ++missing) start.arrive_and_drop();
      break;
    }
  }
  for (std::thread& thread : team) thread.join();
  return *std::max_element(seconds.begin(), seconds.end());
}

double measureFlops(int threads) {
  const Kernel kernel = bestKernel();
  constexpr int64_t kRounds = 1'000'000;
  std::vector<double> results(threads);
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    best = std::min(best, timeOnThreads(threads, [&](int i) { results[i] = kernel.run(kRounds); }));
  }
  // Used, so that the loops are not removed.
  double total = 0;
  for (double result : results) total += result;
  return total == 0 ? 0 : 2.0 * kChains * kernel.lanes * kRounds * threads / best;
}

double measureBandwidth(int threads, int sharers) {
  const size_t bytes = std::max(size_t{4} << 20, (size_t{64} << 20) / static_cast<size_t>(sharers));
  std::vector<char> from(bytes, 1), to(bytes, 0);
  double best = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {
    best = std::min(best, timeOnThreads(threads, [&](int i) {
                      size_t begin = bytes / threads * i,
                             end = i + 1 == threads ? bytes : bytes / threads * (i + 1);
                      std::memcpy(to.data() + begin, from.data() + begin, end - begin);
                    }));
  }
  return 2.0 * static_cast<double>(bytes) / best;
}

}  // namespace

Device measureCpu(int threads, int sharers) {
  Device device;
  device.host = hostName();
  device.name = device.host + ".cpu";
  device.threads = threads;
  device.peakFlops[DType::kF32] = std::max(1e6, measureFlops(threads));
  device.memoryBandwidth = std::max(1e6, measureBandwidth(threads, sharers));
  return device;
}

StatusOr<Link> measureLink(const Ping& ping) {
  constexpr int kSmallMessages = 50, kLargeMessages = 4;
  constexpr int64_t kLargeBytes = int64_t{4} << 20;
  MLC_RETURN_IF_ERROR(ping(8));
  Clock::time_point start = Clock::now();
  for (int i = 0; i < kSmallMessages; ++i) MLC_RETURN_IF_ERROR(ping(8));
  Link link;
  link.latencySeconds = secondsSince(start) / (2 * kSmallMessages);
  MLC_RETURN_IF_ERROR(ping(kLargeBytes));
  start = Clock::now();
  for (int i = 0; i < kLargeMessages; ++i) MLC_RETURN_IF_ERROR(ping(kLargeBytes));
  double oneWay = secondsSince(start) / (2 * kLargeMessages);
  link.bandwidth = kLargeBytes / std::max(oneWay - link.latencySeconds, 1e-9);
  return link;
}

}  // namespace mlc::partition
