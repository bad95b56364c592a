internal import Glibc

/// libarchive converts names between UTF-8 and what the thread's locale says, and a program begins in a locale that has
/// ASCII only.
enum UnicodeNames {
  /// Runs `body` with `LC_CTYPE` of this thread as `C.UTF-8`: newlocale(3), uselocale(3). Where the system has no such
  /// locale, names beyond ASCII are refused.
  static func following<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let unicode = newlocale(Int32(1 << LC_CTYPE), "C.UTF-8", nil) else { return try body() }
    let before = uselocale(unicode)
    defer {
      uselocale(before)
      freelocale(unicode)
    }
    return try body()
  }
}
