#pragma once
// The versions of inference that MakeInference chooses among.
#include "kernels/by_isa.h"
#include "kernels/sample_cnn/inference/inference.h"

namespace clmr::kernels {

// By the reference, and on CUDA by its kernel where there is one. Any device.
std::unique_ptr<const Inference> MakeLayerByLayer(const FoldedNetwork& network, c10::Device device,
                                                  Precision precision);

// The fused ones run CLMR's network on the CPU: the first convolution is computed inside the second layer,
// bias, ReLU and max-pool happen in registers, and nothing that is not pooled is ever stored.

// Winograd in float32, with tiles of six outputs everywhere, or of nine in the long layers: some per cent
// faster (clmr_inference_kernels times both), with more rounding error.
std::unique_ptr<const Inference> MakeWinograd(const std::vector<FoldedLayer>& layers, Isa isa,
                                              int64_t tile_outputs);

// Both, with one copy of the layers that are the same.
struct SixAndNine {
  std::unique_ptr<const Inference> six, nine;
};
SixAndNine MakeBothWinograds(const std::vector<FoldedLayer>& layers, Isa isa);

// Tiles of six with products of bfloat16 and sums of float32: a relative error of about 5e-3. nullptr where
// there are no dot products of pairs.
std::unique_ptr<const Inference> MakeBfloat16Winograd(const std::vector<FoldedLayer>& layers, Isa isa);

// Direct convolution in bfloat16 with sums of float32. nullptr where libtorch has no
// bfloat16 GEMM for this CPU.
std::unique_ptr<const Inference> MakeDirect(const std::vector<FoldedLayer>& layers, Isa isa);

}  // namespace clmr::kernels
