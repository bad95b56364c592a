// What this project uses of libarchive (archive_read(3), archive_write(3), archive_entry(3)), as pointers that are
// resolved when the first archive is read or written: libarchive brings libxml2 and ICU along, and what unpacks no tree,
// the watch over a boot above all, must not need them. Declared without the headers of the C library that libarchive's own
// bring, whose types Swift would take for other ones than the C library's; CArchive.c holds each against libarchive's.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive;
struct archive_entry;

extern const int karchive_end;     // ARCHIVE_EOF
extern const int karchive_ok;      // ARCHIVE_OK
extern const int karchive_warning; // ARCHIVE_WARN
extern const int karchive_fatal;   // ARCHIVE_FATAL

// Each function of libarchive once: its result, its name, its parameters.
#define KARCHIVE_FUNCTIONS(FUNCTION)                                                                           \
  FUNCTION(const char *, archive_error_string, (struct archive *))                                             \
                                                                                                               \
  FUNCTION(struct archive *, archive_read_new, (void))                                                         \
  FUNCTION(int, archive_read_support_filter_none, (struct archive *))                                          \
  FUNCTION(int, archive_read_support_format_tar, (struct archive *))                                           \
  FUNCTION(int, archive_read_open,                                                                             \
           (struct archive *, void *context, int (*open)(struct archive *, void *),                            \
            ssize_t (*read)(struct archive *, void *, const void **), int (*close)(struct archive *, void *))) \
  FUNCTION(int, archive_read_next_header, (struct archive *, struct archive_entry **))                         \
  FUNCTION(int, archive_read_data_block,                                                                       \
           (struct archive *, const void **bytes, size_t *count, int64_t *offset))                             \
  FUNCTION(int, archive_read_free, (struct archive *))                                                         \
                                                                                                               \
  FUNCTION(struct archive *, archive_write_new, (void))                                                        \
  FUNCTION(int, archive_write_set_format_pax_restricted, (struct archive *))                                   \
  FUNCTION(int, archive_write_set_options, (struct archive *, const char *))                                   \
  FUNCTION(int, archive_write_add_filter_none, (struct archive *))                                             \
  FUNCTION(int, archive_write_set_bytes_in_last_block, (struct archive *, int))                                \
  FUNCTION(int, archive_write_open,                                                                            \
           (struct archive *, void *context, int (*open)(struct archive *, void *),                            \
            ssize_t (*write)(struct archive *, void *, const void *, size_t),                                  \
            int (*close)(struct archive *, void *)))                                                           \
  FUNCTION(int, archive_write_header, (struct archive *, struct archive_entry *))                              \
  FUNCTION(ssize_t, archive_write_data, (struct archive *, const void *, size_t))                              \
  FUNCTION(int, archive_write_close, (struct archive *))                                                       \
  FUNCTION(int, archive_write_free, (struct archive *))                                                        \
                                                                                                               \
  FUNCTION(struct archive_entry *, archive_entry_new, (void))                                                  \
  FUNCTION(void, archive_entry_free, (struct archive_entry *))                                                 \
  FUNCTION(const char *, archive_entry_pathname, (struct archive_entry *))                                     \
  FUNCTION(const char *, archive_entry_hardlink, (struct archive_entry *))                                     \
  FUNCTION(const char *, archive_entry_symlink, (struct archive_entry *))                                      \
  FUNCTION(mode_t, archive_entry_filetype, (struct archive_entry *))                                           \
  FUNCTION(mode_t, archive_entry_perm, (struct archive_entry *))                                               \
  FUNCTION(int64_t, archive_entry_size, (struct archive_entry *))                                              \
  FUNCTION(time_t, archive_entry_mtime, (struct archive_entry *))                                              \
  FUNCTION(long, archive_entry_mtime_nsec, (struct archive_entry *))                                           \
  FUNCTION(int, archive_entry_sparse_count, (struct archive_entry *))                                          \
  FUNCTION(int, archive_entry_acl_count, (struct archive_entry *, int types))                                  \
  FUNCTION(const char *, archive_entry_fflags_text, (struct archive_entry *))                                  \
  FUNCTION(int, archive_entry_xattr_reset, (struct archive_entry *))                                           \
  FUNCTION(int, archive_entry_xattr_next,                                                                      \
           (struct archive_entry *, const char **name, const void **value, size_t *))                          \
  FUNCTION(void, archive_entry_set_pathname, (struct archive_entry *, const char *))                           \
  FUNCTION(void, archive_entry_set_mtime, (struct archive_entry *, time_t, long nanoseconds))                  \
  FUNCTION(void, archive_entry_set_size, (struct archive_entry *, int64_t))                                    \
  FUNCTION(void, archive_entry_set_filetype, (struct archive_entry *, unsigned int))                           \
  FUNCTION(void, archive_entry_set_perm, (struct archive_entry *, mode_t))                                     \
  FUNCTION(void, archive_entry_set_symlink, (struct archive_entry *, const char *))                            \
  FUNCTION(void, archive_entry_xattr_add_entry, (struct archive_entry *, const char *, const void *, size_t))

// The pointers of this struct are there; what libarchive's functions take and give stays as its headers have it.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"
#define KARCHIVE_MEMBER(result, name, parameters) result(*_Nonnull name) parameters;
struct karchive {
  KARCHIVE_FUNCTIONS(KARCHIVE_MEMBER)
};
#pragma clang diagnostic pop

// Loads `library` for good (dlopen(3)), and fills in all `functions` (dlsym(3)). Returns NULL, or what is missing in
// words, which stand until the next call of this thread; then `functions` is of no use.
const char *_Nullable karchive_load(const char *_Nonnull library, struct karchive *_Nonnull functions);
