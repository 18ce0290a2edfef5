#include "kernels/dispatch.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <vector>

#include "error.h"

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

// cpuid's leaf 7: amx-bf16 is EDX bit 22, avx512-bf16 EAX bit 5 of subleaf 1;
// older compilers have no names for them.
bool HasMatrixUnits([[maybe_unused]] Isa isa) {
#if defined(__x86_64__) && defined(__GNUC__)
  unsigned eax, ebx, ecx, edx;
  return isa == Isa::avx512 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 22 & 1);
#else
  return false;
#endif
}

Bfloat16Way BestBfloat16(Isa isa) {
  if (HasMatrixUnits(isa)) return Bfloat16Way::direct;
  return HasBfloat16Products(isa) ? Bfloat16Way::winograd : Bfloat16Way::none;
}

struct Word {
  const char* name;
  void (*apply)(Choice& choice);
};
constexpr Word kWords[] = {
    {"fused", [](Choice& c) { c.plain = false; }},
    {"plain", [](Choice& c) { c.plain = true; }},
    {"bfloat16", [](Choice& c) { c.bfloat16 = Bfloat16Way::direct; }},
    {"bfloat16-winograd", [](Choice& c) { c.bfloat16 = Bfloat16Way::winograd; }},
    {"winograd-six", [](Choice& c) { c.tile_outputs = 6; }},
    {"winograd-nine", [](Choice& c) { c.tile_outputs = 9; }},
};
constexpr Isa kInstructionSets[] = {Isa::base, Isa::avx2, Isa::avx512};

template <class Range, class Name>
[[noreturn]] void RefuseWord(const char* where, const std::string& given, const Range& known, Name name) {
  std::string names;
  for (const auto& word : known) names += (names.empty() ? "" : ", ") + std::string(name(word));
  throw Error("ERR_CONFIG",
              std::string(where) + " has an unknown word (given '" + given + "', expected " + names + ")");
}

void Apply(const char* where, const std::string& words, Choice& choice) {
  std::stringstream list(words);
  for (std::string name; std::getline(list, name, ',');) {
    const auto* word =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return name == w.name; });
    const auto name_of = [](const Word& w) { return w.name; };
    if (word == std::end(kWords)) RefuseWord(where, name, kWords, name_of);
    word->apply(choice);
  }
}

Isa InstructionSetOf(const char* where, const std::string& name) {
  for (const Isa isa : kInstructionSets)
    if (name == NameOf(isa)) return isa;
  RefuseWord(where, name, kInstructionSets, NameOf);
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// libtorch's own variable knows more words, for other processors: those do not cap anything here.
Isa CapOfLibtorch() {
  const std::string wanted = Variable("ATEN_CPU_CAPABILITY");
  for (const Isa isa : kInstructionSets)
    if (wanted == NameOf(isa)) return isa;
  return Isa::avx512;
}

Choice Choose(const std::optional<std::string>& words, const std::optional<std::string>& instruction_set) {
  constexpr const char *kKernels = "CLMR_KERNELS", *kCapability = "CLMR_CPU_CAPABILITY";
  const std::string cap = instruction_set.value_or(Variable(kCapability));
  const Isa most = cap.empty() ? CapOfLibtorch() : InstructionSetOf(kCapability, cap);
  Choice choice{};
  choice.isa = std::min(BestOfCpu(), most);
  choice.bfloat16 = BestBfloat16(choice.isa);
  Apply(kKernels, words.value_or(Variable(kKernels)), choice);
  return choice;
}

std::atomic<Choice>& Active() {
  static std::atomic<Choice> active{Choose({}, {})};
  static_assert(std::atomic<Choice>::is_always_lock_free);
  return active;
}

}  // namespace

Choice ActiveChoice() { return Active().load(std::memory_order_relaxed); }

void UseKernels(const std::optional<std::string>& words, const std::optional<std::string>& instruction_set) {
  Active() = Choose(words, instruction_set);
}

const char* NameOf(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "default"; }

bool HasBfloat16Products([[maybe_unused]] Isa isa) {
#if CLMR_BFLOAT16_PRODUCTS && defined(__x86_64__) && defined(__GNUC__)
  unsigned eax, ebx, ecx, edx;
  return isa == Isa::avx512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 5 & 1);
#else
  return false;
#endif
}

}  // namespace clmr::kernels

#if defined(__linux__) && defined(__GLIBC__)
// libstdc++'s shared_ptr reads this variable of glibc 2.32; a hidden copy that says "threads" keeps the
// library loadable on glibc 2.28.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
#endif
