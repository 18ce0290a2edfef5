#pragma once
// Which versions of the hand-written kernels run here.

namespace clmr::kernels {

enum class Isa { base, avx2, avx512 };

// The best that this CPU has, capped by CLMR_CPU_CAPABILITY or ATEN_CPU_CAPABILITY (default, avx2, avx512).
Isa ActiveIsa();

// Its name: "base", "avx2" or "avx512".
const char* InstructionSet();

// False where CLMR_KERNELS=reference asks for the plain versions, to compare with.
bool FusedKernelsWanted();

// Whether this CPU multiplies pairs of bfloat16 into sums of float32 (AVX512-BF16), and ActiveIsa() lets it.
bool HasBfloat16DotProducts();

// How inference uses bfloat16 where it is allowed. Dot products of pairs (AVX512-BF16) halve the time of the
// products, and Winograd stays worth its transforms; matrix units (AMX) make the products so cheap that
// direct convolution wins; elsewhere float32 is faster. CLMR_KERNELS=bfloat16 asks for direct convolution,
// bfloat16-winograd for Winograd; where the CPU cannot, float32 runs.
enum class Bfloat16Way { none, winograd, direct };
Bfloat16Way BestBfloat16();

// Outputs of a tile that CLMR_KERNELS asks for in float32: winograd-six 6, winograd-nine 9; otherwise 0, and
// the encoder chooses by the network.
int WantedTileOutputs();

}  // namespace clmr::kernels
