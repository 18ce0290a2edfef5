#include "kernels/augment/cuda/filter.cuh"
#include "kernels/augment/cuda/pitch.cuh"
#include "kernels/augment/cuda/pointwise.cuh"
#include "kernels/augment/cuda/reverb.cuh"

namespace clmr::kernels::cuda {
namespace {

// Blocks (part of a row, row)
dim3 Parts(const AugmentRows& rows, int64_t samples_of_block) {
  return dim3(static_cast<unsigned>((rows.samples + samples_of_block - 1) / samples_of_block),
              static_cast<unsigned>(rows.rows));
}

bool IsEmpty(const AugmentRows& rows) { return rows.rows == 0 || rows.samples == 0; }

}  // namespace

void LaunchPointwise(const AugmentRows& rows, const float* source, const double* numbers,
                     CUstream_st* stream) {
  if (IsEmpty(rows)) return;
  Launch(Pointwise, Parts(rows, kPointwiseSamples), kPointwiseThreads, stream, rows, source, numbers);
}

void LaunchFilter(const AugmentRows& rows, const float* source, const double* cutoffs,
                  const double* high_pass, float* taps, int64_t room, CUstream_st* stream) {
  if (IsEmpty(rows)) return;
  Launch(DesignFilter, static_cast<unsigned>(rows.rows), kPointwiseThreads, stream, cutoffs, high_pass, taps,
         room);
  Launch(Filter, Parts(rows, kFilterOutputs), kFilterThreads, stream, rows, source, cutoffs, taps, room);
}

void LaunchReverb(const AugmentRows& rows, const float* source, const double* numbers, float* memory,
                  int64_t room, float gain, CUstream_st* stream) {
  if (IsEmpty(rows)) return;
  Launch(Reverb, static_cast<unsigned>(rows.rows), kReverbThreads, stream, rows, source, numbers, memory,
         room, gain);
}

void LaunchPitch(const AugmentRows& rows, const float* source, const double* factors, const PitchSizes& sizes,
                 const PitchMemory& memory, CUstream_st* stream) {
  if (IsEmpty(rows)) return;
  const auto count = static_cast<unsigned>(rows.rows);
  Launch(Wsola, count, kWsolaThreads, stream, rows, source, factors, sizes, memory.stretched, memory.broken);
  Launch(ResampleTable, dim3(kResamplePhases + 1, count), 64, stream, factors, sizes, memory.table);
  Launch(Resample, Parts(rows, kPitchOutputs), kPitchThreads, stream, rows, source, factors, sizes,
         memory.stretched, memory.broken, memory.table);
}

}  // namespace clmr::kernels::cuda
