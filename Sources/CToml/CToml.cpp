#include "CToml.h"

#define TOML_HEADER_ONLY 1
// toml++ 3.3 asserts what a malformed document can break, as `[=]` does. That is an error of the document, and must
// not end the process, whatever NDEBUG says.
#undef NDEBUG
struct broken_assertion {};
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : throw broken_assertion{})
#include <toml++/toml.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace {

struct visitor {
  ktoml_visit visit;
  void *context;

  void emit(const std::string &key, ktoml_kind kind, const char *text, int64_t integer,
            const toml::node &node) const {
    visit(context, key.c_str(), kind, text, integer, node.source().begin.line);
  }

  void table(const std::string &prefix, const toml::table &values) const {
    for (auto &&[name, node] : values) value(prefix + std::string(name.str()), node);
  }

  void array(const std::string &key, const toml::array &items) const {
    if (items.empty()) emit(key, ktoml_empty_array, "", 0, items);
    for (auto &&item : items) {
      if (auto text = item.as_string())
        emit(key, ktoml_string_item, text->get().c_str(), 0, item);
      else
        emit(key, ktoml_other, "", 0, item);
    }
  }

  void value(const std::string &key, const toml::node &node) const {
    if (auto nested = node.as_table()) return table(key + ".", *nested);
    if (auto items = node.as_array()) return array(key, *items);
    if (auto text = node.as_string()) return emit(key, ktoml_string, text->get().c_str(), 0, node);
    if (auto number = node.as_integer()) return emit(key, ktoml_integer, "", number->get(), node);
    if (auto flag = node.as_boolean()) return emit(key, ktoml_boolean, "", flag->get() ? 1 : 0, node);
    emit(key, ktoml_other, "", 0, node);
  }
};

}  // namespace

extern "C" int ktoml_parse(const char *document, size_t length, ktoml_visit visit, void *context,
                           char *message, size_t capacity, uint32_t *line) {
  try {
    auto parsed = toml::parse(std::string_view(document, length));
    visitor{visit, context}.table("", parsed);
    return 0;
  } catch (const toml::parse_error &error) {
    auto text = error.description();
    size_t count = std::min(text.size(), capacity - 1);
    std::memcpy(message, text.data(), count);
    message[count] = 0;
    *line = error.source().begin.line;
    return 1;
  } catch (...) {
    std::strncpy(message, "the document cannot be parsed", capacity - 1);
    *line = 0;
    return 1;
  }
}
