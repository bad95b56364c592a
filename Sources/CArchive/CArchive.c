#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <string.h>

#include "CArchive.h"

const int karchive_end = ARCHIVE_EOF;
const int karchive_ok = ARCHIVE_OK;
const int karchive_warning = ARCHIVE_WARN;
const int karchive_fatal = ARCHIVE_FATAL;

#define SAME_AS_LIBARCHIVE(result, name, parameters)                                                           \
  _Static_assert(__builtin_types_compatible_p(__typeof__(name), result parameters), #name " is another one");
KARCHIVE_FUNCTIONS(SAME_AS_LIBARCHIVE)

const char *karchive_load(const char *library, struct karchive *functions) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return dlerror();
  void *address;
#define RESOLVE(result, name, parameters)                                                                      \
  address = dlsym(handle, #name);                                                                              \
  if (!address) return dlerror();                                                                              \
  memcpy(&functions->name, &address, sizeof address);
  KARCHIVE_FUNCTIONS(RESOLVE)
  return NULL;
}
