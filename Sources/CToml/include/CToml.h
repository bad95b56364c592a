// toml++ (https://marzer.github.io/tomlplusplus/) behind a C call: a document becomes a flat list of keys.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ktoml_string = 0, ktoml_integer, ktoml_boolean, ktoml_string_item, ktoml_empty_array, ktoml_other } ktoml_kind;

// One value. `key` is the dotted path. An array of strings arrives item by item as ktoml_string_item.
// Pointers are valid during the call only.
typedef void (*ktoml_visit)(
    void *context, const char *key, ktoml_kind kind, const char *text, int64_t integer, uint32_t line);

// Calls `visit` for each value of the document. Returns 0, or 1 after a syntax error, which is described in
// `message` (NUL-terminated, cut to `capacity`) and `line`.
int ktoml_parse(
    const char *document, size_t length, ktoml_visit visit, void *context, char *message, size_t capacity,
    uint32_t *line);

#ifdef __cplusplus
}
#endif
