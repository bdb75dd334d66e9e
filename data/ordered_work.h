// Work on many items at once whose results are taken in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <vector>

#include "kernels/parallel.h"

namespace segue::data {

/// Calls work(i, slot) for every i of [0, n), several at once, in chunks of `chunk`; slot = i modulo chunk, so that results
/// can wait in an array of that size. After each chunk take(i, slot) is called for its items in order. What work throws for
/// the first item that fails comes out when its turn comes, after take() of those before it.
template <class Work, class Take>
void ordered_work(int64_t n, int64_t chunk, const Work& work, const Take& take) {
  std::vector<std::exception_ptr> failed;
  failed.resize(size_t(chunk));
  for (int64_t begin = 0; begin < n; begin += chunk) {
    const int64_t count = std::min(chunk, n - begin);
    parallel_blocks(count, 1, [&](int64_t slot, int64_t, int64_t) {
      try {
        failed[size_t(slot)] = nullptr;
        work(begin + slot, slot);
      } catch (...) {
        failed[size_t(slot)] = std::current_exception();
      }
    });
    for (int64_t slot = 0; slot < count; ++slot) {
      if (failed[size_t(slot)]) std::rethrow_exception(failed[size_t(slot)]);
      take(begin + slot, slot);
    }
  }
}

}  // namespace segue::data
