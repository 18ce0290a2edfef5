#pragma once
// Independent pieces of work, each done from end to end by one thread.
#include <cstdint>
#include <functional>

namespace clmr::kernels {

// Calls f(0) … f(n - 1), up to `threads` at a time. Inside f every library works with one thread, whatever
// `threads` is: so the bits of a result depend neither on the number of threads nor on the other pieces.
// Rethrows the first exception; pieces that have not begun by then are left out.
void OneThreadEach(int64_t n, int64_t threads, const std::function<void(int64_t)>& f);

}  // namespace clmr::kernels
