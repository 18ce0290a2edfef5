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

// Defaults stand in the option tables of lib/: a member has one only where its field is optional, so that an
// object may leave it out, or where C++ itself makes the struct.
template <class S, class T>
struct MemberField {
  const char* name;
  T S::* member;
  bool optional;
};

// What lib/ states of a struct too and never hands over: a table Constants() beside that of the fields.
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

// A member whose values have words.
template <class S, class T, size_t N>
struct WordField {
  const char* name;
  T S::* member;
  std::array<Word<T>, N> words;
};

template <class S, class T>
constexpr MemberField<S, T> Field(const char* name, T S::* member) {
  return {name, member, false};
}

template <class S, class T>
constexpr MemberField<S, T> OptionalField(const char* name, T S::* member) {
  return {name, member, true};
}

template <class S, class T, size_t N>
constexpr WordField<S, T, N> ChoiceField(const char* name, T S::* member, const Word<T> (&words)[N]) {
  return {name, member, std::to_array(words)};
}

}  // namespace clmr
