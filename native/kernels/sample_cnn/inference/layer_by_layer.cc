// Inference layer by layer, by the reference: the plain version, and what runs on a device.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "kernels/cuda.h"
#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/inference/passes.h"
#include "kernels/sample_cnn/reference.h"

namespace clmr::kernels {
namespace {

// How many clips go through a device together, and how many such groups are on their way.
constexpr int64_t kClipsOnDevice = 64;
constexpr size_t kGroupsUnderWay = 2;

// Plain bfloat16 is for block 1, which is more than half of the network's arithmetic. Each further block
// would save less and cost as many digits: with all of them in bfloat16 the cosine to float64 falls to 0.997.
bool WorthHalving(size_t block) { return block == 1; }

// x [N, Cin, T] → [N, Cout, T' or T' / s]
at::Tensor ConvPoolRelu(const at::Tensor& x, const FoldedLayer& layer) {
  const CudaKernels* cuda = CudaFor(x);
  if (cuda && (layer.pool == 1 || layer.pool == kPool))
    return cuda->bias_relu_pool(at::conv1d(x, layer.weight, {}, {layer.stride}, {layer.padding}), layer.bias,
                                layer.pool == kPool);
  return reference::conv_pool_relu(x, layer.weight, layer.bias, layer.stride, layer.padding, layer.pool);
}

class LayerByLayer final : public Inference {
 public:
  LayerByLayer(const FoldedNetwork& network, c10::Device device, Precision precision)
      : device_(device),
        clip_length_(network.clip_length),
        size_(network.EmbeddingSize()),
        layers_(network.layers) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const bool half = precision == Precision::bfloat16 && WorthHalving(i);
      const at::ScalarType type = half ? at::kBFloat16 : at::kFloat;
      layers_[i].weight = layers_[i].weight.to(type).to(device);
      layers_[i].bias = layers_[i].bias.to(type).to(device);
    }
  }

  void Run(const float* const* clips, int64_t n, float* out, int64_t threads,
           const AbortFlag& abort) const override {
    if (!device_.is_cpu()) return RunThere(clips, n, out, abort);
    OneThreadEach(n, threads, [&](int64_t i) {
      c10::InferenceMode inference;
      const at::Tensor clip = at::from_blob(const_cast<float*>(clips[i]), {1, clip_length_}, at::kFloat);
      const at::Tensor embedding = Embed(clip, abort).contiguous();
      std::memcpy(out + i * size_, embedding.const_data_ptr<float>(), embedding.nbytes());
    });
  }

  int64_t Bytes() const override {
    int64_t bytes = 0;
    for (const FoldedLayer& layer : layers_) bytes += layer.weight.nbytes() + layer.bias.nbytes();
    return bytes;
  }

 private:
  // One group after the other: the activations of one are more than a gigabyte. While the device works on a
  // group, the host fills the pinned memory of the next one; more wait for embeddings that are there.
  void RunThere(const float* const* clips, int64_t n, float* out, const AbortFlag& abort) const {
    c10::InferenceMode inference;
    std::deque<at::Tensor> under_way;
    const auto fetch = [&] {
      const at::Tensor embeddings = under_way.front().to(at::kCPU).contiguous();
      std::memcpy(out, embeddings.const_data_ptr<float>(), embeddings.nbytes());
      out += embeddings.numel();
      under_way.pop_front();
    };
    for (int64_t first = 0; first < n; first += kClipsOnDevice) {
      const int64_t count = std::min(kClipsOnDevice, n - first);
      const at::Tensor rows =
          at::empty({count, clip_length_}, at::TensorOptions(at::kFloat).pinned_memory(true));
      float* to = rows.mutable_data_ptr<float>();
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          std::copy_n(clips[first + i], clip_length_, to + i * clip_length_);
      });
      if (under_way.size() == kGroupsUnderWay) fetch();
      under_way.push_back(Embed(rows.to(at::TensorOptions(device_), /*non_blocking=*/true), abort));
    }
    while (!under_way.empty()) fetch();
  }

  // clips [N, T] → [N, E], both on the device
  at::Tensor Embed(const at::Tensor& clips, const AbortFlag& abort) const {
    at::Tensor x = clips.unsqueeze(1);
    for (const FoldedLayer& layer : layers_) {
      throw_if_aborted(abort);
      x = ConvPoolRelu(x.to(layer.weight.scalar_type()), layer);
    }
    return x.to(at::kFloat).view({-1, size_});
  }

  const c10::Device device_;
  const int64_t clip_length_, size_;
  std::vector<FoldedLayer> layers_;
};

}  // namespace

std::unique_ptr<const Inference> MakeLayerByLayer(const FoldedNetwork& network, c10::Device device,
                                                  Precision precision) {
  return std::make_unique<LayerByLayer>(network, device, precision);
}

}  // namespace clmr::kernels
