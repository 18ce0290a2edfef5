#include "kernels/nt_xent/cuda/nt_xent.cuh"

namespace clmr::kernels::cuda {

void LaunchNtXent(const NtXentProblem& p, const NtXentBuffers& b, CUstream_st* stream) {
  constexpr unsigned kThreads = kNtXentThreads, kRowsOfBlock = kThreads / kWarpSize;
  const auto tiles = static_cast<unsigned>(p.padded_rows / kNtXentTile);
  const auto parts = static_cast<unsigned>(p.parts);
  const auto rows = static_cast<unsigned>(p.padded_rows / kRowsOfBlock);
  Launch(NtXentNormalize, rows, kThreads, stream, p, b.z, b.inverse_norms, b.u);
  Launch(NtXentSumNegatives, dim3(tiles, parts), kThreads, stream, p, b.u, b.sums);
  Launch(NtXentLosses, rows, kThreads, stream, p, b.u, b.sums, b.rows, b.row_results);
  Launch(NtXentMean, 1, kThreads, stream, p, b.row_results, 1.0, false, b.loss);
  if (!b.gradient) return;
  const auto chunks = static_cast<unsigned>(p.depth / kNtXentTile);
  Launch(NtXentGather, dim3(tiles, parts, chunks), kThreads, stream, p, b.u, b.rows, b.gradient_parts);
  Launch(NtXentFinish, rows, kThreads, stream, p, b.u, b.rows, b.inverse_norms, b.gradient_parts,
         b.row_results, b.gradient);
  Launch(NtXentMean, 1, kThreads, stream, p, b.row_results, -0.5, true, b.temperature_gradient);
}

}  // namespace clmr::kernels::cuda
