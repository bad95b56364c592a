internal import CArchive
internal import SlotCore

/// libarchive, loaded when the first archive of this process is read or written, and never unloaded.
///
/// The executables are not linked with it: it brings libxml2 and ICU along, and what unpacks no tree needs none of them.
enum ArchiveLibrary {
  /// Of libarchive 3; Debian's package is `libarchive13`.
  private static let name = "libarchive.so.13"

  /// Once for all threads: a global is initialized by the first that asks for it.
  private static let loaded = Result { () throws(SystemFailure) in try load(name) }

  /// - Throws: `libraryMissing`.
  static func functions() throws(SystemFailure) -> karchive { try loaded.get() }

  /// All functions of `name`, or none.
  ///
  /// - Throws: `libraryMissing`.
  static func load(_ name: String) throws(SystemFailure) -> karchive {
    let functions = UnsafeMutablePointer<karchive>.allocate(capacity: 1)
    defer { functions.deallocate() }
    if let missing = karchive_load(name, functions) {
      throw SystemFailure(
        .libraryMissing,
        "services cannot be packed or unpacked without libarchive: \(String(cString: missing).printable)",
        hint: "install it (Debian's package is libarchive13), then run the command again")
    }
    return functions.pointee
  }
}
