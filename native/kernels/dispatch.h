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

// True where bfloat16 products cost so much less than float32 ones that they outdo Winograd: CPUs with AMX.
// CLMR_KERNELS=bfloat16 says yes elsewhere too.
bool Bfloat16GemmPays();

}  // namespace clmr::kernels
