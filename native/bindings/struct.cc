#include "bindings/struct.h"

#include <algorithm>

namespace clmr::bindings {

void RefuseUnknown(Napi::Object object, const std::vector<std::string>& known, const char* where) {
  auto keys = object.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).As<Napi::String>().Utf8Value();
    if (std::find(known.begin(), known.end(), key) != known.end() || object.Get(key).IsUndefined()) continue;
    throw Error("ERR_CONFIG", std::string(where) + " has no option \"" + key + "\", but " + Listed(known));
  }
}

}  // namespace clmr::bindings
