// The choice among the versions of inference.
#include "kernels/sample_cnn/inference/inference.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "kernels/dispatch.h"
#include "kernels/sample_cnn/inference/passes.h"

namespace clmr::kernels {
namespace {

// Float32 is used unless the cosine between bfloat16's embeddings and float32's is at least 0.999. On a few
// clips it has to stay within a quarter of that distance, since others may come out worse. Trained networks
// keep 0.9999; one whose batch norms blow up differences fell from 0.999 on one clip to 0.985 on another.
constexpr double kLeastCosine = 0.99975;

// Tiles of nine are taken where embeddings of two probe clips, ‖a − b‖ / ‖b‖, stay as close to those of tiles
// of six as this. Fresh networks do, and the trained one of the benchmark (`npm run bench:encoder`, 1.3e-6
// from float64); one whose batch norms blow up small differences would be more than 1e-5 away (test 43).
constexpr double kMostOfNine = 2e-6;

// [4, length]: decaying sines, the same quietly, noise, a tone in faint noise;
// the same on every machine.
at::Tensor ProbeClips(int64_t length) {
  const at::Tensor t = at::arange(length, at::kDouble) / length;
  const at::Tensor sines = (t * 4000).sin() * (t * -3).exp() * 0.5 + (t * t * 20000).sin() * 0.3;
  at::Tensor noise = at::empty({length}, at::kDouble);
  uint32_t state = 1;
  for (int64_t i = 0; i < length; ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    noise.mutable_data_ptr<double>()[i] = state / 4294967296.0 - 0.5;
  }
  return at::stack({sines, sines * 0.05, noise, noise * 0.02 + (t * 900).sin() * 0.3}).to(at::kFloat);
}

// clips [n, T] → [n, size]
at::Tensor Embed(const Inference& inference, const at::Tensor& clips, int64_t size, int64_t threads) {
  const AbortFlag never{false};
  std::vector<const float*> rows;
  for (int64_t i = 0; i < clips.size(0); ++i) rows.push_back(clips[i].const_data_ptr<float>());
  at::Tensor out = at::empty({clips.size(0), size}, at::kFloat);
  inference.Run(rows.data(), clips.size(0), out.mutable_data_ptr<float>(), threads, never);
  return out;
}

bool NineIsClose(const Inference& nine, const Inference& six) {
  const at::Tensor loud = ProbeClips(kClipLength).index_select(0, at::tensor({0, 2}));
  const auto run = [&](const Inference& inference) {
    return Embed(inference, loud, kEmbeddingSize, at::get_num_threads()).to(at::kDouble);
  };
  const at::Tensor wanted = run(six), distance = (run(nine) - wanted).norm(2, 1);
  return (distance <= kMostOfNine * wanted.norm(2, 1)).all().item<bool>();
}

template <class Block>
bool RunsFused(const Choice& choice, const std::vector<Block>& blocks, int64_t clip_length,
               c10::Device device) {
  return !choice.plain && device.is_cpu() && clip_length == kClipLength && AreClmrs(blocks);
}

}  // namespace

bool FusedInferenceServes(const std::vector<ConvBlock>& blocks, int64_t clip_length, c10::Device device) {
  return RunsFused(ActiveChoice(), blocks, clip_length, device);
}

std::unique_ptr<const Inference> MakeInference(const FoldedNetwork& network, c10::Device device,
                                               Precision precision) {
  c10::InferenceMode inference_mode;
  const Choice choice = ActiveChoice();
  const std::vector<FoldedLayer>& layers = network.layers;
  if (!RunsFused(choice, layers, network.clip_length, device))
    return MakeLayerByLayer(network, device, precision);
  std::unique_ptr<const Inference> half;
  if (precision == Precision::bfloat16) {
    if (choice.bfloat16 == Bfloat16Way::direct) half = MakeDirect(layers, choice.isa);
    if (choice.bfloat16 == Bfloat16Way::winograd) half = MakeBfloat16Winograd(layers, choice.isa);
  }
  if (half) return half;
  if (choice.tile_outputs != 0) return MakeWinograd(layers, choice.isa, choice.tile_outputs);
  auto [six, nine] = MakeBothWinograds(layers, choice.isa);
  return NineIsClose(*nine, *six) ? std::move(nine) : std::move(six);
}

bool Bfloat16IsClose(const Inference& half, const FoldedNetwork& network, c10::Device device) {
  c10::InferenceMode inference_mode;
  const std::unique_ptr<const Inference> plain = MakeLayerByLayer(network, device, Precision::float32);
  const at::Tensor clips = ProbeClips(network.clip_length);
  const int64_t size = network.EmbeddingSize();
  const at::Tensor got = Embed(half, clips, size, 1);
  for (int64_t i = 0; i < clips.size(0); ++i) {
    const at::Tensor exact = Embed(*plain, clips.slice(0, i, i + 1), size, 1)[0];
    const double wanted = exact.norm().item<double>(), norm = got[i].norm().item<double>();
    // Not with NaN.
    const bool close = at::dot(exact, got[i]).item<double>() >= kLeastCosine * wanted * norm && norm > 0;
    if (wanted > 0 && !close) return false;
  }
  return true;
}

}  // namespace clmr::kernels
