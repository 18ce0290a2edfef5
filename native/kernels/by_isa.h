#pragma once
// One table of loops for each instruction set. The loops lie in the folders cpu/, which are compiled once for
// each of them, in namespaces of these names. `base` is ATEN_CPU_CAPABILITY's "default", a word of C++.
#include <cstdint>

namespace clmr::kernels {

enum class Isa : uint8_t { base, avx2, avx512 };

template <class Table>
class ByIsa {
 public:
  constexpr ByIsa(const Table& base, const Table& avx2, const Table& avx512)
      : base_(base), avx2_(avx2), avx512_(avx512) {}

  const Table& operator[](Isa isa) const {
    return isa == Isa::avx512 ? avx512_ : isa == Isa::avx2 ? avx2_ : base_;
  }

 private:
  const Table &base_, &avx2_, &avx512_;
};

// Declares base::name, avx2::name and avx512::name, and `name`, which has them all: name[isa].
#if defined(__x86_64__)
#define CLMR_BY_ISA(Table, name) \
  namespace base {               \
  extern const Table name;       \
  }                              \
  namespace avx2 {               \
  extern const Table name;       \
  }                              \
  namespace avx512 {             \
  extern const Table name;       \
  }                              \
  inline constexpr ByIsa<Table> name { base::name, avx2::name, avx512::name }
#else
#define CLMR_BY_ISA(Table, name) \
  namespace base {               \
  extern const Table name;       \
  }                              \
  inline constexpr ByIsa<Table> name { base::name, base::name, base::name }
#endif

}  // namespace clmr::kernels
