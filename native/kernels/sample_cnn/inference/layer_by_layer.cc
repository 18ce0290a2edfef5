// Inference layer by layer, by the reference: the plain version, and what runs on a device.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>

#include "kernels/cuda.h"
#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/inference/passes.h"
#include "kernels/sample_cnn/reference.h"

namespace clmr::kernels {
namespace {

// How many clips go through a device together.
constexpr int64_t kClipsOnDevice = 64;

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

  // A device takes one group after the other: the activations of one are more than a gigabyte.
  void Run(const float* const* clips, int64_t n, float* out, int64_t threads,
           const AbortFlag& abort) const override {
    const int64_t together = device_.is_cpu() ? 1 : kClipsOnDevice;
    OneThreadEach((n + together - 1) / together, device_.is_cpu() ? threads : 1, [&](int64_t group) {
      c10::InferenceMode inference;
      const int64_t first = group * together;
      std::vector<at::Tensor> rows;
      for (int64_t i = first; i < std::min(n, first + together); ++i)
        rows.push_back(at::from_blob(const_cast<float*>(clips[i]), {1, clip_length_}, at::kFloat));
      const at::Tensor embeddings = Embed(at::cat(rows), abort).contiguous();
      std::memcpy(out + first * size_, embeddings.const_data_ptr<float>(), embeddings.nbytes());
    });
  }

  int64_t Bytes() const override {
    int64_t bytes = 0;
    for (const FoldedLayer& layer : layers_) bytes += layer.weight.nbytes() + layer.bias.nbytes();
    return bytes;
  }

 private:
  // clips [N, T] → [N, E] on the CPU
  at::Tensor Embed(const at::Tensor& clips, const AbortFlag& abort) const {
    at::Tensor x = clips.to(device_).unsqueeze(1);
    for (const FoldedLayer& layer : layers_) {
      throw_if_aborted(abort);
      x = ConvPoolRelu(x.to(layer.weight.scalar_type()), layer);
    }
    return x.to(at::kCPU, at::kFloat).view({-1, size_});
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
