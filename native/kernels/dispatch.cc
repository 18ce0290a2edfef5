#include "kernels/dispatch.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

#include <cstdlib>
#include <cstring>

namespace clmr::kernels {
namespace {

Isa BestOfCpu() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return Isa::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::base;
}

// One switch for libtorch and for us; ours wins.
Isa Cap() {
  const char* wanted = std::getenv("CLMR_CPU_CAPABILITY");
  if (!wanted) wanted = std::getenv("ATEN_CPU_CAPABILITY");
  if (wanted && std::strcmp(wanted, "default") == 0) return Isa::base;
  if (wanted && std::strcmp(wanted, "avx2") == 0) return Isa::avx2;
  return Isa::avx512;
}

// CLMR_KERNELS: names with commas between them.
bool Wanted(const char* version) {
  const char* wanted = std::getenv("CLMR_KERNELS");
  const size_t length = std::strlen(version);
  while (wanted && *wanted) {
    const size_t name = std::strcspn(wanted, ",");
    if (name == length && std::strncmp(wanted, version, name) == 0) return true;
    wanted += name + (wanted[name] == ',');
  }
  return false;
}

}  // namespace

Isa ActiveIsa() {
  static const Isa active = [] {
    const Isa best = BestOfCpu(), cap = Cap();
    return best < cap ? best : cap;
  }();
  return active;
}

const char* InstructionSet() {
  switch (ActiveIsa()) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    default:
      return "base";
  }
}

bool FusedKernelsWanted() { return !Wanted("reference"); }

int WantedTileOutputs() { return Wanted("winograd-nine") ? 9 : Wanted("winograd-six") ? 6 : 0; }

// cpuid's leaf 7: amx-bf16 is EDX bit 22, avx512-bf16 EAX bit 5 of subleaf 1; older compilers have no names
// for them.
bool HasBfloat16DotProducts() {
#if defined(__x86_64__) && defined(__GNUC__)
  unsigned eax, ebx, ecx, edx;
  return ActiveIsa() == Isa::avx512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 5 & 1);
#else
  return false;
#endif
}

Bfloat16Way BestBfloat16() {
  if (Wanted("bfloat16")) return Bfloat16Way::direct;
  if (Wanted("bfloat16-winograd")) return Bfloat16Way::winograd;
#if defined(__x86_64__) && defined(__GNUC__)
  unsigned eax, ebx, ecx, edx;
  if (ActiveIsa() == Isa::avx512 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 22 & 1))
    return Bfloat16Way::direct;
#endif
  return HasBfloat16DotProducts() ? Bfloat16Way::winograd : Bfloat16Way::none;
}

}  // namespace clmr::kernels

#if defined(__linux__) && defined(__GLIBC__)
// libstdc++'s shared_ptr reads this variable of glibc 2.32; a hidden copy that says "threads" keeps the
// library loadable on glibc 2.28.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
#endif
