#include "kernels/sample_cnn/inference/fused_forward.h"

#include <algorithm>

#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {

void FusedForward::Share(int64_t all, int64_t parts, const std::function<void(int64_t, int64_t)>& f) {
  kernels::OneThreadEach(parts, parts, [&](int64_t i) {
    const int64_t first = all * i / parts, last = all * (i + 1) / parts;
    if (first < last) f(first, last);
  });
}

void FusedForward::Run(const float* const* clips, int64_t n, float* out, int64_t threads,
                       const AbortFlag& abort) const {
  threads = std::max<int64_t>(threads, 1);
  const int64_t whole = threads == 1 ? n : n / threads * threads;
  const int64_t groups = std::max<int64_t>((whole + kGroup - 1) / kGroup, std::min(threads, whole));
  if (whole > 0)
    kernels::OneThreadEach(groups, threads, [&](int64_t g) {
      const int64_t begin = whole * g / groups, end = whole * (g + 1) / groups;
      RunGroup(clips + begin, end - begin, out + begin * kEmbeddingSize, abort);
    });
  for (int64_t i = whole; i < n; ++i) RunSplit(clips[i], out + i * kEmbeddingSize, threads, abort);
}

}  // namespace clmr
