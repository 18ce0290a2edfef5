#pragma once
// The fields of a struct that crosses the boundary: a table beside the struct, which says under which name
// each member is known in lib/. bindings/ reads and writes objects by it, and refuses what is not in it; test
// 02 compares it with the option tables and types of lib/.
//
//   struct ViewSpec {
//     static constexpr const char* kName = "ViewSpec";
//     int64_t count;
//     static auto Fields() { return std::tuple(Field("count", &ViewSpec::count)); }
//   };
#include <array>
#include <tuple>

namespace clmr {

// Defaults stand in the option tables of lib/. A member has one only where an object may leave its field out,
// or where C++ itself makes the struct.
template <class S, class T>
struct Member {
  const char* name;
  T S::* member;
  bool optional;
};

// A number that lib/ states of a struct as well, and never hands over. A struct that has some lists them in a
// table Constants() beside Fields(); test 02 compares them.
template <class T>
struct Constant {
  const char* name;
  T value;
};

template <class T>
struct Word {
  const char* word;
  T value;
};

// The word of a value that has one.
template <class T, size_t N>
constexpr const char* WordOf(const Word<T> (&words)[N], T value) {
  for (const auto& [word, of] : words)
    if (of == value) return word;
  return "";
}

// A member whose values have words.
template <class S, class T, size_t N>
struct WordMember {
  const char* name;
  T S::* member;
  std::array<Word<T>, N> words;
};

template <class S, class T>
constexpr Member<S, T> Field(const char* name, T S::* member) {
  return {name, member, false};
}

template <class S, class T>
constexpr Member<S, T> OptionalField(const char* name, T S::* member) {
  return {name, member, true};
}

template <class S, class T, size_t N>
constexpr WordMember<S, T, N> WordField(const char* name, T S::* member, const Word<T> (&words)[N]) {
  return {name, member, std::to_array(words)};
}

}  // namespace clmr
