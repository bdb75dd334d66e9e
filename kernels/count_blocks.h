// Work cut into fixed blocks that each count into a table of their own, for CPU kernels that make integer histograms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "exec.h"
#include "parallel.h"

namespace segue::kernels {

/// Sets bits of the status word; several blocks may do so at once.
inline void raise_status(uint32_t* status, uint32_t bits) {
  if (bits) __atomic_fetch_or(status, bits, __ATOMIC_RELAXED);
}

/// Calls f(begin, end, memory, counts) for blocks of [0, items). `memory` are `floats` floats of the block, 64-byte
/// aligned and undefined at first; `counts` are `bins` counters of the block, zero at first, added to `totals` at the
/// end. Sums of integers do not depend on order; a block counts fewer than 2^32 pixels.
template <class F>
void count_blocks(const CpuExec& exec, int64_t items, int64_t floats, int64_t bins, uint64_t* totals, F&& f) {
  constexpr int64_t kLine = 16;  // floats of a cache line
  constexpr int64_t kBudgetBytes = 8 << 20;
  const int64_t counters = (bins + kLine - 1) / kLine * kLine;
  const int64_t stride = (floats + kLine - 1) / kLine * kLine + counters;
  const int64_t most = std::clamp<int64_t>(kBudgetBytes / (4 * std::max<int64_t>(stride, 1)), 4, 64);
  const int64_t grain = std::max<int64_t>(block_count(items, most), 1);
  const int64_t blocks = block_count(items, grain);
  if (blocks == 0) return;
  auto* memory = static_cast<float*>(exec.scratch->get(size_t(4 * stride * blocks)));
  const auto counts_of = [&](int64_t block) { return reinterpret_cast<uint32_t*>(memory + block * stride); };
  parallel_blocks(items, grain, [&](int64_t block, int64_t begin, int64_t end) {
    uint32_t* counts = counts_of(block);
    std::memset(counts, 0, size_t(4 * counters));
    f(begin, end, memory + block * stride + counters, counts);
  });
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t i = 0; i < bins; ++i) totals[i] += counts_of(block)[i];
}

}  // namespace segue::kernels
