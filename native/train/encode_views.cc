#include "train/encode_views.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <vector>

namespace clmr {
namespace {

// Rows of whole examples, a chunk at a time. A last one of a single example goes with the one before it:
// batch norm has nothing to compare there.
std::vector<at::Tensor> Chunks(const TrainerSpec& spec, const at::Tensor& views) {
  const int64_t n_views = spec.chain.views, chunk_rows = spec.chunk_size * n_views;
  std::vector<at::Tensor> chunks;
  for (int64_t row = 0, rows = views.size(0); row < rows;) {
    int64_t count = std::min(chunk_rows, rows - row);
    if (rows - row - count == n_views) count += n_views;
    chunks.push_back(views.narrow(0, row, count));
    row += count;
  }
  return chunks;
}

// views [B·V, T] → [B·count, T]
at::Tensor RowsOf(const TrainerSpec& spec, const at::Tensor& views, ViewRange range) {
  const at::Tensor by_view = views.view({-1, spec.chain.views, views.size(1)});
  return by_view.narrow(1, range.first, range.count).reshape({-1, views.size(1)});
}

at::Tensor EncodeAtOnce(const TrainerSpec& spec, const SampleCnn& encoder, const at::Tensor& views,
                        ViewRange range, bool training, const AbortFlag& abort) {
  const auto forward = [&](ViewRange wanted) {
    return encoder.Forward(RowsOf(spec, views, wanted), training, abort, spec.fused, Settled(spec.precision));
  };
  if (spec.view_norm == ViewNorm::joint || !training) return forward(range);
  return PassPerView(range, [&](int64_t view) { return forward({view, 1}); });
}

}  // namespace

bool InChunks(const TrainerSpec& spec, const at::Tensor& views) {
  return spec.chunk_size > 0 && spec.chunk_size * spec.chain.views < views.size(0);
}

at::Tensor EncodeViews(const TrainerSpec& spec, const SampleCnn& encoder, const at::Tensor& views,
                       ViewRange range, bool training, const AbortFlag& abort) {
  if (!InChunks(spec, views)) return EncodeAtOnce(spec, encoder, views, range, training, abort);
  at::NoGradGuard no_gradients;
  std::vector<at::Tensor> embeddings;
  for (const at::Tensor& chunk : Chunks(spec, views))
    embeddings.push_back(EncodeAtOnce(spec, encoder, chunk, range, training, abort));
  return at::cat(embeddings);
}

at::Tensor EncodeViews(const TrainerSpec& spec, const Encoder& frozen, const at::Tensor& views,
                       ViewRange range, const AbortFlag& abort) {
  return frozen.Encode(RowsOf(spec, views, range), abort);
}

void EncodeBackward(const TrainerSpec& spec, const SampleCnn& encoder, const at::Tensor& views,
                    ViewRange range, const at::Tensor& gradient, const AbortFlag& abort) {
  int64_t row = 0;
  for (const at::Tensor& chunk : Chunks(spec, views)) {
    const at::Tensor embeddings = EncodeAtOnce(spec, encoder, chunk, range, /*training=*/true, abort);
    embeddings.backward(gradient.narrow(0, row, embeddings.size(0)));
    row += embeddings.size(0);
  }
}

}  // namespace clmr
