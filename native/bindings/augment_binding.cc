// NativeAugment of binding.ts.
#include <ATen/ops/empty.h>

#include "bindings/augment_convert.h"
#include "bindings/exports.h"
#include "bindings/function.h"

namespace clmr::bindings {
namespace {

using AbortPointer = std::shared_ptr<AbortFlag>;

struct Batch {
  const float* samples;
  int64_t n, length;
};

Batch ToBatch(FloatSpan span, int64_t n, int64_t length) {
  if (n < 1 || length < 1 || span.size != n * length)
    throw Error("ERR_SHAPE", "the batch does not hold n rows of `length` samples");
  return {span.data, n, length};
}

// nullptr where the caller gave none
float* ToOut(const std::optional<FloatSpan>& out, const Chain& chain, const Batch& batch) {
  if (!out) return nullptr;
  if (out->size != batch.n * chain.spec().views * chain.spec().clip_length)
    throw Error("ERR_SHAPE", "out does not have the size of the views");
  return out->data;
}

// Applies to `out`, or to a new array that the promise brings.
std::optional<at::Tensor> ApplyTo(const Chain& chain, const Batch& batch,
                                  const std::vector<ViewParameters>& parameters, float* out,
                                  const AbortFlag& abort) {
  if (out) {
    chain.Apply(batch.samples, batch.n, batch.length, parameters, out, abort);
    return std::nullopt;
  }
  at::Tensor views = at::empty({batch.n * chain.spec().views, chain.spec().clip_length}, at::kFloat);
  chain.Apply(batch.samples, batch.n, batch.length, parameters, views.mutable_data_ptr<float>(), abort);
  return views;
}

Promise<std::optional<at::Tensor>> Augment(const Call& call, ChainSpec spec, FloatSpan samples, int64_t n,
                                           int64_t length, int64_t step, std::optional<FloatSpan> out_span,
                                           AbortPointer abort) {
  const Chain chain(std::move(spec));
  const Batch batch = ToBatch(samples, n, length);
  float* out = ToOut(out_span, chain, batch);
  return Async(call, abort, [=](const AbortFlag& abort) {
    return ApplyTo(chain, batch, chain.Draw(n, length, static_cast<uint32_t>(step)), out, abort);
  });
}

std::vector<ViewParameters> DrawTransforms(const Call&, ChainSpec spec, int64_t n, int64_t length,
                                           int64_t step) {
  return Chain(std::move(spec)).Draw(n, length, static_cast<uint32_t>(step));
}

Promise<std::optional<at::Tensor>> ApplyTransforms(const Call& call, ChainSpec spec,
                                                   std::vector<ViewParameters> parameters, FloatSpan samples,
                                                   int64_t n, int64_t length,
                                                   std::optional<FloatSpan> out_span, AbortPointer abort) {
  const Chain chain(std::move(spec));
  const Batch batch = ToBatch(samples, n, length);
  float* out = ToOut(out_span, chain, batch);
  return Async(call, abort, [=, parameters = std::move(parameters)](const AbortFlag& abort) {
    return ApplyTo(chain, batch, parameters, out, abort);
  });
}

}  // namespace

void ExportAugment(Napi::Object exports) {
  Export(exports, "augment", Augment, {"chain", "batch", "n", "length", "step", "out", "abort"});
  Export(exports, "drawTransforms", DrawTransforms, {"chain", "n", "length", "step"});
  Export(exports, "applyTransforms", ApplyTransforms,
         {"chain", "parameters", "batch", "n", "length", "out", "abort"});
}

}  // namespace clmr::bindings
