// Inference by the fused kernels alone, without Node: what `encode` from JavaScript is compared with, and the
// multiply-adds that this machine can do at all. Prints a line of JSON.
//   clmr_inference_kernels BATCH SECONDS [float32 (tiles of nine and six), six; in bfloat16: winograd, direct]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/inference/passes.h"
#include "model/layers.h"
#include "model/sample_cnn.h"

namespace {

constexpr int64_t kThreads = 2;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Independent multiply-adds in registers.
constexpr int64_t kChains = 16, kRounds = 20'000'000;
template <typename Lanes>
inline __attribute__((always_inline)) void MultiplyAdds() {
  Lanes x[kChains];
#pragma GCC unroll 16
  for (int64_t i = 0; i < kChains; ++i) x[i] = Lanes{} + 0.001f * i;
#pragma GCC unroll 1
  for (int64_t r = 0; r < kRounds; ++r) {
#pragma GCC unroll 16
    for (int64_t i = 0; i < kChains; ++i) x[i] = x[i] * 0.999f + 0.001f;
    asm volatile("" : "+x"(x[0]));
  }
  volatile float sink = 0;
#pragma GCC unroll 16
  for (int64_t i = 0; i < kChains; ++i) sink = sink + x[i][0];
}
typedef float Lanes16 __attribute__((vector_size(64)));
typedef float Lanes8 __attribute__((vector_size(32)));
__attribute__((target("avx512f"))) void MultiplyAdds16() { MultiplyAdds<Lanes16>(); }
__attribute__((target("avx2,fma"))) void MultiplyAdds8() { MultiplyAdds<Lanes8>(); }

// GFLOP/s of all threads; 0 where this CPU has no fused multiply-add.
double PeakGflops() {
  const clmr::kernels::Isa isa = clmr::kernels::ActiveChoice().isa;
  if (isa == clmr::kernels::Isa::base) return 0;
  const int64_t lanes = isa == clmr::kernels::Isa::avx512 ? 16 : 8;
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double started = Now();
    clmr::kernels::OneThreadEach(kThreads, kThreads,
                                 [&](int64_t) { lanes == 16 ? MultiplyAdds16() : MultiplyAdds8(); });
    best = std::max(best, 2.0 * lanes * kChains * kRounds * kThreads / (Now() - started) / 1e9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t batch = argc > 1 ? std::atoll(argv[1]) : 16;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 4;
  at::set_num_threads(kThreads);
  c10::InferenceMode inference;
  namespace kernels = clmr::kernels;
  std::vector<kernels::FoldedLayer> layers;
  for (const clmr::ConvBlock& b : clmr::SampleCnn::Create(1, clmr::ClmrArchitecture()).blocks) {
    auto [weight, bias] = clmr::FoldBatchNorm(b);
    layers.push_back({weight, bias, b.stride, b.padding, b.pool});
  }
  const std::string way = argc > 3 ? argv[3] : "float32";
  const kernels::Isa isa = kernels::ActiveChoice().isa;
  const auto forward = way == "direct"     ? kernels::MakeDirect(layers, isa)
                       : way == "winograd" ? kernels::MakeBfloat16Winograd(layers, isa)
                       : way == "six"      ? kernels::MakeWinograd(layers, isa, 6)
                                           : kernels::MakeWinograd(layers, isa, 9);
  if (!forward) return 1;  // this CPU has no bfloat16 GEMM
  const at::Tensor clips = at::rand({batch, clmr::kClipLength}).sub_(0.5);
  at::Tensor out = at::empty({batch, clmr::kEmbeddingSize});
  std::vector<const float*> rows;
  for (int64_t i = 0; i < batch; ++i) rows.push_back(clips.const_data_ptr<float>() + i * clmr::kClipLength);
  const clmr::AbortFlag never{false};
  const auto run = [&] { forward->Run(rows.data(), batch, out.mutable_data_ptr<float>(), kThreads, never); };
  run();
  run();
  std::printf("{\"times\":[");
  const double started = Now();
  for (int64_t n = 0; n < 3 || Now() - started < seconds; ++n) {
    const double t = Now();
    run();
    std::printf("%s%.6f", n ? "," : "", Now() - t);
  }
  std::printf("],\"peak\":%.1f}\n", PeakGflops());
}
