#pragma once
// Which versions of the kernels run.
#include <cstdint>
#include <optional>
#include <string>

#include "kernels/by_isa.h"

namespace clmr::kernels {

// How inference uses bfloat16 where it is allowed. Dot products of pairs (AVX512-BF16) halve the time of the
// products, and Winograd stays worth its transforms; matrix units (AMX) make the products so cheap that
// direct convolution wins; elsewhere float32 is faster.
enum class Bfloat16Way : uint8_t { none, winograd, direct };

struct Choice {
  bool plain;            // the plain versions, to compare with
  Isa isa;               // the instruction set of the fused ones
  Bfloat16Way bfloat16;  // best on this CPU, or what was asked for: where the CPU cannot, float32 runs
  uint8_t tile_outputs;  // of float32 inference: 6, 9, or 0 where the network decides
};

// What runs now. An operation reads it once, at its beginning, and keeps to it. Until UseKernels is called it
// is what the environment asks for: CLMR_KERNELS and CLMR_CPU_CAPABILITY, or ATEN_CPU_CAPABILITY in its
// place. Throws ERR_CONFIG where one of the first two holds an unknown word.
Choice ActiveChoice();

// What runs in the whole process from the next operation on: to compare the versions with each other.
// words: as CLMR_KERNELS, names with commas between them; instruction_set: the most that may be used,
// "default", "avx2" or "avx512". What is not given is as the environment has it. Throws ERR_CONFIG.
void UseKernels(const std::optional<std::string>& words, const std::optional<std::string>& instruction_set);

// "default", "avx2" or "avx512"
const char* NameOf(Isa isa);

// Whether this CPU multiplies pairs of bfloat16 into sums of float32 (AVX512-BF16), and `isa` lets it.
bool HasBfloat16Products(Isa isa);

}  // namespace clmr::kernels
