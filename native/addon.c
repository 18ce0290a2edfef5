/* clmr.node: the bootstrap. Plain C without libstdc++ and without libtorch, so that it loads on every system
   and can explain what is missing. loaded(name) tells of a library that this process has already; open(path)
   loads one by its absolute path; init(path) loads the library that holds everything else and hands our
   exports to it. Nothing opened here is ever closed: libtorch registers process-wide state, and node unloads
   addons of finished workers. */
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

/* Bind to the oldest versions of these symbols: the file then loads on a glibc before 2.34. */
#if defined(__linux__) && defined(__x86_64__) && defined(__GLIBC__)
__asm__(
    ".symver dlopen,dlopen@GLIBC_2.2.5\n"
    ".symver dlsym,dlsym@GLIBC_2.2.5\n"
    ".symver dlerror,dlerror@GLIBC_2.2.5");
#elif defined(__linux__) && defined(__aarch64__) && defined(__GLIBC__)
__asm__(
    ".symver dlopen,dlopen@GLIBC_2.17\n"
    ".symver dlsym,dlsym@GLIBC_2.17\n"
    ".symver dlerror,dlerror@GLIBC_2.17");
#endif

static const char* const kLoadError = "ERR_ADDON";

#ifdef _WIN32
static void* load(napi_env env, const char* path) {
  int length = MultiByteToWideChar(CP_UTF8, 0, path, -1, NULL, 0);
  wchar_t* wide = (wchar_t*)malloc(length * sizeof *wide);
  MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, length);
  void* library =
      (void*)LoadLibraryExW(wide, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
  free(wide);
  if (!library) {
    char message[64];
    snprintf(message, sizeof message, "LoadLibrary failed with error %lu", GetLastError());
    napi_throw_error(env, kLoadError, message);
  }
  return library;
}
static void* loaded(const char* name) { return (void*)GetModuleHandleA(name); }
static void* find(void* library, const char* name) { return (void*)GetProcAddress((HMODULE)library, name); }
#else
static void* load(napi_env env, const char* path) {
  void* library = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) napi_throw_error(env, kLoadError, dlerror());
  return library;
}
/* By its SONAME, from wherever it came. */
static void* loaded(const char* name) { return dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD); }
static void* find(void* library, const char* name) { return dlsym(library, name); }
#endif

/* The only argument, a string, to be freed; NULL and an exception where it is none. */
static char* string_argument(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  if (count < 1 || napi_get_value_string_utf8(env, argument, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_ARGUMENT", "a path was expected");
    return NULL;
  }
  char* path = (char*)malloc(length + 1);
  if (!path) {
    napi_throw_error(env, "ERR_MEMORY", "out of memory");
    return NULL;
  }
  napi_get_value_string_utf8(env, argument, path, length + 1, &length);
  return path;
}

static void* load_argument(napi_env env, napi_callback_info info) {
  char* path = string_argument(env, info);
  if (!path) return NULL;
  void* library = load(env, path);
  free(path);
  return library;
}

/* aoti_torch_abi_version as a BigInt (0x020f… = 2.15) where the library has one, otherwise null. It is plain
   C, so it can be asked before any of our C++ is mapped. */
static napi_value abi_version(napi_env env, void* library) {
  napi_value result = NULL;
  uint64_t (*version)(void) = (uint64_t (*)(void))find(library, "aoti_torch_abi_version");
  if (version)
    napi_create_bigint_uint64(env, version(), &result);
  else
    napi_get_null(env, &result);
  return result;
}

/* loaded(name) → as open, without opening: undefined where the process has no such library. */
static napi_value loaded_library(napi_env env, napi_callback_info info) {
  napi_value result = NULL;
  char* name = string_argument(env, info);
  if (!name) return NULL;
  void* library = loaded(name);
  free(name);
  if (library) return abi_version(env, library);
  napi_get_undefined(env, &result);
  return result;
}

/* open(path) → its libtorch ABI version, or null. */
static napi_value open_library(napi_env env, napi_callback_info info) {
  void* library = load_argument(env, info);
  return library ? abi_version(env, library) : NULL;
}

/* init(path) → the native binding: what the library's clmr_napi_init puts on an empty object. */
static napi_value init_binding(napi_env env, napi_callback_info info) {
  napi_value binding;
  void* library = load_argument(env, info);
  if (!library) return NULL;
  napi_value (*init)(napi_env, napi_value) =
      (napi_value (*)(napi_env, napi_value))find(library, "clmr_napi_init");
  if (!init) {
    napi_throw_error(env, kLoadError, "the library has no clmr_napi_init");
    return NULL;
  }
  napi_create_object(env, &binding);
  return init(env, binding);
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "loaded", NAPI_AUTO_LENGTH, loaded_library, NULL, &function);
  napi_set_named_property(env, exports, "loaded", function);
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_library, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  napi_create_function(env, "init", NAPI_AUTO_LENGTH, init_binding, NULL, &function);
  napi_set_named_property(env, exports, "init", function);
  return exports;
}
