// The loop of elementwise kernels on the CPU.
#pragma once

#include "parallel.h"

namespace segue {

/// Calls f(i) for every i of [0, n). f reads and writes element i of its operands and no other, so operands may be the
/// same memory: the compiler is told, else it would take the loop for in-place calls one element at a time.
template <class F>
void for_each_element(int64_t n, const F& f) {
  parallel_for(n, kElementGrain, [&f](int64_t begin, int64_t end) {
    const F g = f;  // of its own: a captured float seen through `f` could be what the loop writes
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) g(i);
  });
}

/// Rows of `row` elements in one block of a loop over rows.
inline int64_t row_grain(int64_t row) { return std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, row)); }

}  // namespace segue
